(** Derivatives, as pairs "value and slope at 0".

    [Dual f v l] says that f 0 = v and that f has derivative l at 0, in Coquelicot's sense ([is_derive]).  There is one
    lemma for each constructor of terms, and [dual] applies them from the outside in. *)
Require Import Reals Lia Lra.
From Coquelicot Require Import Coquelicot.
From Tacheck Require Import Sums.
Open Scope R_scope.

(** f has the real derivative l at x.  All names of Coquelicot's structures are spelled out once, here. *)
Definition slope_at (f : R -> R) (x l : R) : Prop := @is_derive R_AbsRing R_NormedModule f x l.

Definition Dual (f : R -> R) (v l : R) : Prop := f 0 = v /\ slope_at f 0 l.

(** An entry moved along t, the others left alone: X with X[a, b, ...] + t. *)
Definition nudge0 (x t : R) : R := x + t * 1.
Definition nudge1 (x : nat -> R) a t i : R := x i + t * delta i a.
Definition nudge2 (x : nat -> nat -> R) a b t i j : R := x i j + t * (delta i a * delta j b).
Definition nudge3 (x : nat -> nat -> nat -> R) a b c t i j k : R := x i j k + t * (delta i a * delta j b * delta k c).
Definition nudge4 (x : nat -> nat -> nat -> nat -> R) a b c d t i j k l : R :=
  x i j k l + t * (delta i a * delta j b * delta k c * delta l d).
Definition nudge5 (x : nat -> nat -> nat -> nat -> nat -> R) a b c d e t i j k l m : R :=
  x i j k l m + t * (delta i a * delta j b * delta k c * delta l d * delta m e).
Definition nudge6 (x : nat -> nat -> nat -> nat -> nat -> nat -> R) a b c d e f t i j k l m n : R :=
  x i j k l m n + t * (delta i a * delta j b * delta k c * delta l d * delta m e * delta n f).

(** A number does not move. *)
Lemma dual_const c : Dual (fun _ => c) c 0.
Proof. split; [reflexivity|exact (@is_derive_const R_AbsRing R_NormedModule c 0)]. Qed.

(** An entry moves with the speed with which it is nudged. *)
Lemma dual_entry c v : Dual (fun t => c + t * v) c v.
Proof.
  split; [ring|]. unfold slope_at. evar_last.
  - apply (is_derive_plus (fun _ => c) (fun t => t * v) 0 0 v); [apply (@is_derive_const R_AbsRing R_NormedModule)|].
    apply (is_derive_ext (fun t => v * t)); [intros; apply Rmult_comm|].
    evar_last; [apply (is_derive_scal (fun t => t) 0 v 1), (@is_derive_id R_AbsRing)|apply Rmult_1_r].
  - apply Rplus_0_l.
Qed.

(** Sums, opposites, products. *)
Lemma dual_plus f g v w f' g' : Dual f v f' -> Dual g w g' -> Dual (fun t => f t + g t) (v + w) (f' + g').
Proof. intros [<- F] [<- G]; split; [reflexivity|exact (is_derive_plus f g 0 f' g' F G)]. Qed.
Lemma dual_opp f v f' : Dual f v f' -> Dual (fun t => - f t) (- v) (- f').
Proof. intros [<- F]; split; [reflexivity|exact (is_derive_opp f 0 f' F)]. Qed.
Lemma dual_mult f g v w f' g' : Dual f v f' -> Dual g w g' -> Dual (fun t => f t * g t) (v * w) (f' * w + v * g').
Proof. intros [<- F] [<- G]; split; [reflexivity|exact (is_derive_mult f g 0 f' g' F G Rmult_comm)]. Qed.

(** The same with a factor that does not move. *)
Lemma dual_scale_l c f v f' : Dual f v f' -> Dual (fun t => c * f t) (c * v) (c * f').
Proof. intros [<- F]; split; [reflexivity|exact (is_derive_scal f 0 c f' F)]. Qed.

(** Equal slopes. *)
Lemma dual_eq f v l l' : Dual f v l -> l = l' -> Dual f v l'.
Proof. now intros ? <-. Qed.

Lemma dual_scale_r c f v f' : Dual f v f' -> Dual (fun t => f t * c) (v * c) (f' * c).
Proof.
  intros F. eapply dual_eq; [apply (dual_mult f (fun _ => c)); [exact F|apply dual_const]|ring].
Qed.

(** The chain rule, for a function with slope l at the value. *)
Lemma dual_chain (h : R -> R) f v f' l : Dual f v f' -> slope_at h v l -> Dual (fun t => h (f t)) (h v) (f' * l).
Proof. intros [<- F] H; split; [reflexivity|exact (is_derive_comp h f 0 l f' H F)]. Qed.

(** Reciprocals, of what is not 0. *)
Lemma dual_inv f v f' : Dual f v f' -> v <> 0 -> Dual (fun t => / f t) (/ v) (- f' * (/ v * / v)).
Proof.
  intros F H. eapply dual_eq; [apply (dual_chain Rinv); [exact F|]|].
  - unfold slope_at. apply (is_derive_inv (fun x => x)); [apply is_derive_id|exact H].
  - simpl. unfold one; simpl. field. exact H.
Qed.

(** Powers. *)
Lemma dual_pow n f v f' : Dual f v f' -> Dual (fun t => f t ^ S n) (v ^ S n) (f' * (INR (S n) * v ^ n)).
Proof.
  intros [<- F]; split; [reflexivity|]. unfold slope_at in *.
  evar_last; [apply (is_derive_pow f (S n)); exact F|]. simpl pred. ring.
Qed.

(** The exponential; the logarithm and the root, of what is positive. *)
Lemma dual_exp f v f' : Dual f v f' -> Dual (fun t => exp (f t)) (exp v) (f' * exp v).
Proof. intros F. apply (dual_chain exp); [exact F|apply is_derive_exp]. Qed.
Lemma dual_ln f v f' : Dual f v f' -> 0 < v -> Dual (fun t => ln (f t)) (ln v) (f' * / v).
Proof. intros F H. apply (dual_chain ln); [exact F|now apply is_derive_ln]. Qed.
Lemma dual_sqrt f v f' : Dual f v f' -> 0 < v -> Dual (fun t => sqrt (f t)) (sqrt v) (f' * (/ 2 * / sqrt v)).
Proof.
  intros F H. apply (dual_chain sqrt); [exact F|]. pose proof (sqrt_lt_R0 _ H). unfold slope_at. evar_last.
  - apply is_derive_Reals, derivable_pt_lim_sqrt, H.
  - field. lra.
Qed.

(** A finite sum moves with the sum of the speeds. *)
Lemma dual_sum n (f : nat -> R -> R) v f' :
  (forall i, (i < n)%nat -> Dual (f i) (v i) (f' i)) ->
  Dual (fun t => bsum n (fun i => f i t)) (bsum n v) (bsum n f').
Proof.
  induction n as [|k IH]; simpl; intros H; [apply dual_const|].
  apply (dual_plus (fun t => bsum k (fun i => f i t)) (f k)); auto.
Qed.

(** From the pair to the derivative, and the derivative of an equal function, with an equal value. *)
Lemma dual_is_derive f v l : Dual f v l -> @is_derive R_AbsRing R_NormedModule f 0 l.
Proof. now intros [_ H]. Qed.
Lemma is_derive_same (f g : R -> R) l l' :
  (forall t, f t = g t) -> l = l' -> @is_derive R_AbsRing R_NormedModule g 0 l' ->
  @is_derive R_AbsRing R_NormedModule f 0 l.
Proof. intros E -> H. apply (is_derive_ext g); [now intros; rewrite E|exact H]. Qed.

(** One step of [dual]: the lemma for the outermost constructor. *)
Ltac dual_step :=
  lazymatch goal with
  | |- Dual (fun _ => ?c) _ _ => apply (dual_const c)
  | |- Dual (fun t => @?f t + @?g t) _ _ =>
      lazymatch f with
      | (fun _ => ?c) => lazymatch g with (fun t => t * ?v) => apply (dual_entry c v) | _ => apply (dual_plus f g) end
      | _ => apply (dual_plus f g)
      end
  | |- Dual (fun t => - @?f t) _ _ => apply (dual_opp f)
  | |- Dual (fun t => @?f t * @?g t) _ _ =>
      lazymatch f with
      | (fun _ => ?c) => apply (dual_scale_l c g)
      | _ => lazymatch g with (fun _ => ?c) => apply (dual_scale_r c f) | _ => apply (dual_mult f g) end
      end
  | |- Dual (fun t => / @?f t) _ _ => apply (dual_inv f)
  | |- Dual (fun t => @?f t ^ S ?n) _ _ => apply (dual_pow n f)
  | |- Dual (fun t => exp (@?f t)) _ _ => apply (dual_exp f)
  | |- Dual (fun t => ln (@?f t)) _ _ => apply (dual_ln f)
  | |- Dual (fun t => sqrt (@?f t)) _ _ => apply (dual_sqrt f)
  | |- Dual (fun t => bsum ?n (@?f t)) _ _ => apply (dual_sum n (fun i t => f t i)); intros
  end.
Ltac dual := repeat (cbv beta; dual_step); positive.

(** [same] proves that two terms are equal which differ in that one has [Derive] where the other has its value;
    [slope] is a tactic that applies the lemma which says so.  Equal parts are seen by their looks, not by computation. *)
Ltac same slope :=
  lazymatch goal with
  | |- ?a = ?a => reflexivity
  | |- Derive _ _ = _ =>
      first [ solve [ apply is_derive_unique; slope ]
            | etransitivity; [ | apply is_derive_unique; slope ]; apply Derive_ext; intros; same slope ]
  | |- bsum _ _ = bsum _ _ => apply sum_ext; intros; same slope
  | |- _ + _ = _ + _ => apply (f_equal2 Rplus); same slope
  | |- _ - _ = _ - _ => apply (f_equal2 Rminus); same slope
  | |- _ * _ = _ * _ => apply (f_equal2 Rmult); same slope
  | |- _ / _ = _ / _ => apply (f_equal2 Rdiv); same slope
  | |- _ => first [ apply f_equal; same slope | reflexivity ]
  end.

(** The premises of a lemma: bounds of indices, sizes that are not 0, hypotheses. *)
Ltac premises := first [ assumption | lia ].

(** Subtraction, division and nudges written out, everywhere: what is left are +, *, - x and / x. *)
Ltac plain := cbv beta delta [Rminus Rdiv nudge0 nudge1 nudge2 nudge3 nudge4 nudge5 nudge6] in *.
