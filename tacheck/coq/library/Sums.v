(** Finite sums of reals over 0, ..., n-1, and Kronecker's delta.

    [bsum n f] is f 0 + ... + f (n-1), and 0 for n = 0.  Nothing here is an axiom; the lemmas are stated for all sizes.
    Conventions of Coq's reals that statements inherit: / 0 is 0 (a statement about 1/x states x <> 0
    where it needs it), and [INR n] is the natural number n as a real. *)
Require Import Reals Arith Lia Lra.
Open Scope R_scope.

(** The sum of f over 0, ..., n-1. *)
Fixpoint bsum (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S k => bsum k f + f k end.

(** 1 where the indices are equal, else 0. *)
Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.

(** Sums of equal terms are equal; an index in a sum is below the size. *)
Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> bsum n f = bsum n g.
Proof. induction n as [|k IH]; simpl; intros H; [reflexivity|]. rewrite IH, H; auto. Qed.

(** A sum of zeros is 0. *)
Lemma sum_zero n f : (forall i, (i < n)%nat -> f i = 0) -> bsum n f = 0.
Proof. induction n as [|k IH]; simpl; intros H; [reflexivity|]. rewrite IH, H; auto; ring. Qed.

(** Sums add up. *)
Lemma sum_plus n f g : bsum n (fun i => f i + g i) = bsum n f + bsum n g.
Proof. induction n as [|k IH]; simpl; [ring|]. rewrite IH; ring. Qed.

(** A factor that does not depend on the index leaves the sum. *)
Lemma sum_scale n c f : bsum n (fun i => c * f i) = c * bsum n f.
Proof. induction n as [|k IH]; simpl; [ring|]. rewrite IH; ring. Qed.

(** The sum of ones is the size. *)
Lemma sum_ones n : bsum n (fun _ => 1) = INR n.
Proof. induction n as [|k IH]; [reflexivity|]. rewrite S_INR. simpl. rewrite IH; ring. Qed.

(** Finite sums commute. *)
Lemma sum_swap n m f :
  bsum n (fun i => bsum m (fun j => f i j)) = bsum m (fun j => bsum n (fun i => f i j)).
Proof.
  induction n as [|k IH]; simpl; [symmetry; apply sum_zero; auto|].
  rewrite IH, <- sum_plus. reflexivity.
Qed.

(** Delta is symmetric, 1 on the diagonal, 0 off it. *)
Lemma delta_sym i j : delta i j = delta j i.
Proof. unfold delta. now rewrite Nat.eqb_sym. Qed.
Lemma delta_same i : delta i i = 1.
Proof. unfold delta. now rewrite Nat.eqb_refl. Qed.
Lemma delta_other i j : i <> j -> delta i j = 0.
Proof. unfold delta. intros H. apply Nat.eqb_neq in H. now rewrite H. Qed.

(** A delta picks one term of a sum: the one at its other index, if that lies in the range. *)
Lemma sum_delta n a f : (a < n)%nat -> bsum n (fun i => delta i a * f i) = f a.
Proof.
  induction n as [|k IH]; intros H; [lia|]. simpl.
  destruct (Nat.eq_dec k a) as [->|D].
  - rewrite delta_same, sum_zero; [ring|]. intros i Hi. rewrite delta_other by lia. ring.
  - rewrite IH by lia. rewrite (delta_other k a) by assumption. ring.
Qed.

(** Signs of sums. *)
Lemma sum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= bsum n f.
Proof. induction n as [|k IH]; simpl; intros H; [lra|]. apply Rplus_le_le_0_compat; auto. Qed.
Lemma sum_pos n f : (1 <= n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < bsum n f.
Proof.
  destruct n as [|k]; intros Hn H; [lia|]. simpl.
  apply Rplus_le_lt_0_compat; [apply sum_nonneg; intros; apply Rlt_le|]; auto.
Qed.

(** [positive] proves 0 < t, 0 <= t and t <> 0 for sums of exponentials and the like, or finds it among the hypotheses. *)
Ltac given :=
  first [ assumption | match goal with H : _ |- _ => solve [ apply H; first [ assumption | lia ] ] end ].
(** x is not 0, since otherwise something that a hypothesis says is not 0 would vanish: a sum that has x as a factor. *)
Ltac factor_of_given :=
  let E := fresh in intro E;
  match goal with H : _ |- False => solve [ apply H; repeat (apply sum_zero; intros); rewrite E; ring ] end.
Ltac positive :=
  lazymatch goal with
  | |- _ <> 0 => first [ solve [ apply Rgt_not_eq, Rlt_gt; positive ] | given | factor_of_given ]
  | |- 0 < exp _ => apply exp_pos
  | |- 0 < INR _ => apply lt_0_INR; lia
  | |- 0 < sqrt _ => apply sqrt_lt_R0; positive
  | |- 0 < / _ => apply Rinv_0_lt_compat; positive
  | |- 0 < bsum _ _ => first [ solve [ apply sum_pos; [ lia | intros; positive ] ] | given ]
  | |- 0 < _ + _ => first [ solve [ apply Rplus_lt_0_compat; positive ] | solve [ apply Rplus_lt_le_0_compat; positive ]
                          | solve [ apply Rplus_le_lt_0_compat; positive ] | given ]
  | |- 0 < _ * _ => first [ solve [ apply Rmult_lt_0_compat; positive ] | given ]
  | |- 0 < _ ^ _ => first [ solve [ apply pow_lt; positive ] | given ]
  | |- 0 < _ => first [ lra | given ]
  | |- 0 <= INR _ => apply pos_INR
  | |- 0 <= sqrt _ => apply sqrt_pos
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= delta ?i ?j => unfold delta; destruct (Nat.eqb i j); lra
  | |- 0 <= bsum _ _ => apply sum_nonneg; intros; positive
  | |- 0 <= _ + _ => first [ solve [ apply Rplus_le_le_0_compat; positive ] | given ]
  | |- 0 <= _ * _ => first [ solve [ apply Rmult_le_pos; positive ] | given ]
  | |- 0 <= _ => apply Rlt_le; positive
  end.
