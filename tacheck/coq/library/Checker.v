(** A checker for identities between nested finite sums of products, proved sound.

    A term is reified as [term]: numbers, sizes, entries [FA k args] of a table of atoms, deltas, +, *, -, and sums with
    named binders.  [check] multiplies out, eliminates deltas, and compares the monomials of both sides up to the order
    of factors, the order of sums and the names of binders.  [check_sound] is the theorem: where [check] says true, the
    two terms are equal reals.  A search inside it is not proved correct, only its answer is checked; it can lose a proof,
    and never make one. *)
Require Import Reals Arith Lia Lra List Permutation PArith QArith Qreals FunctionalExtensionality Bool.
From Tacheck Require Import Sums.
Import ListNotations.
Open Scope R_scope.

(** * Terms and what they mean *)

(** Binders have positive numbers as names; an environment gives each name an index. *)
Definition name := positive.
Bind Scope positive_scope with name.
Definition env := name -> nat.
Definition upd (e : env) (x : name) (i : nat) : env := fun y => if Pos.eqb y x then i else e y.

Inductive factor := FA (atom : nat) (args : list name) | FD (u v : name).
Inductive term :=
| TZ (z : Z) | TI (p : positive) | TN (x : name) (range : nat) | TF (f : factor)
| TAdd (a b : term) | TMul (a b : term) | TOpp (a : term) | TSum (x : name) (range : nat) (b : term).

(** A monomial: a coefficient, the binders it is summed over with their ranges, and its factors. *)
Definition binders := list (name * nat).
Definition monomial := (Q * binders * list factor)%type.

Section Meaning.
(** The sizes of the ranges, and the table of atoms. *)
Variable rng : nat -> nat.
Variable atm : nat -> list nat -> R.

Definition df (e : env) (f : factor) : R :=
  match f with FA k a => atm k (map e a) | FD u v => delta (e u) (e v) end.
Fixpoint denote (e : env) (t : term) : R :=
  match t with
  | TZ z => IZR z | TI p => / IZR (Zpos p) | TN _ r => INR (rng r) | TF f => df e f
  | TAdd a b => denote e a + denote e b
  | TMul a b => denote e a * denote e b
  | TOpp a => - denote e a
  | TSum x r b => bsum (rng r) (fun i => denote (upd e x i) b)
  end.
Fixpoint dfs (e : env) (fs : list factor) : R := match fs with [] => 1 | f :: t => df e f * dfs e t end.
Fixpoint msum (bs : binders) (e : env) (F : env -> R) : R :=
  match bs with [] => F e | (x, r) :: t => bsum (rng r) (fun i => msum t (upd e x i) F) end.
Definition dm (e : env) (m : monomial) : R := let '(c, bs, fs) := m in Q2R c * msum bs e (fun e' => dfs e' fs).
Fixpoint dp (e : env) (p : list monomial) : R := match p with [] => 0 | m :: t => dm e m + dp e t end.

(** * Environments *)

(** Two names may be bound in either order. *)
Lemma upd_comm e x y i j : x <> y -> upd (upd e x i) y j = upd (upd e y j) x i.
Proof.
  intros H; apply functional_extensionality; intros n; unfold upd.
  destruct (Pos.eqb_spec n y), (Pos.eqb_spec n x); congruence.
Qed.

(** Factors depend on the names that they mention, and on nothing else. *)
Definition vars (f : factor) := match f with FA _ a => a | FD u v => [u; v] end.
Lemma df_agree f e e' : (forall n, In n (vars f) -> e n = e' n) -> df e f = df e' f.
Proof.
  destruct f; simpl; intros H; [f_equal; apply map_ext_in, H|]. rewrite (H u), (H v); auto.
Qed.
Lemma dfs_agree fs e e' : (forall n, In n (flat_map vars fs) -> e n = e' n) -> dfs e fs = dfs e' fs.
Proof.
  induction fs as [|f t IH]; simpl; intros H; [reflexivity|].
  rewrite (df_agree f e e'), IH; auto; intros; apply H, in_or_app; auto.
Qed.

(** Products of factors: concatenated lists multiply, and the order does not matter. *)
Lemma dfs_app e a b : dfs e (a ++ b) = dfs e a * dfs e b.
Proof. induction a as [|f t IH]; simpl; [ring|]. rewrite IH; ring. Qed.
Lemma dfs_perm e a b : Permutation a b -> dfs e a = dfs e b.
Proof. induction 1; simpl; try congruence; ring. Qed.

(** * Sums over several binders *)

(** Equal summands; factors that leave the sum; concatenated binders. *)
Lemma msum_ext bs : forall e F G, (forall e', F e' = G e') -> msum bs e F = msum bs e G.
Proof. induction bs as [|[x r] t IH]; simpl; intros; auto. apply sum_ext; auto. Qed.
Lemma msum_app a b e F : msum (a ++ b) e F = msum a e (fun e' => msum b e' F).
Proof. revert e; induction a as [|[x r] t IH]; simpl; intros; auto. apply sum_ext; auto. Qed.

(** A factor that none of the binders changes leaves the sum. *)
Lemma msum_indep bs : forall e F G,
  (forall e' x i, In x (map fst bs) -> G (upd e' x i) = G e') ->
  msum bs e (fun e' => G e' * F e') = G e * msum bs e F.
Proof.
  induction bs as [|[x r] t IH]; simpl; intros; auto.
  rewrite <- sum_scale. apply sum_ext; intros. rewrite IH by auto. rewrite H by auto. reflexivity.
Qed.

(** A name that is neither bound nor mentioned may have any value. *)
Lemma msum_upd bs x i F : ~ In x (map fst bs) -> (forall e' j, F (upd e' x j) = F e') ->
  forall e, msum bs (upd e x i) F = msum bs e F.
Proof.
  induction bs as [|[y r] t IH]; simpl; intros; auto.
  apply sum_ext; intros. rewrite upd_comm by (intros ->; tauto). apply IH; [tauto|auto].
Qed.
Lemma msum_agree fs bs : forall e e',
  (forall n, In n (flat_map vars fs) -> In n (map fst bs) \/ e n = e' n) ->
  msum bs e (fun e => dfs e fs) = msum bs e' (fun e => dfs e fs).
Proof.
  induction bs as [|[x r] t IH]; simpl; intros e e' H.
  - apply dfs_agree; intros n Hn. destruct (H n Hn) as [[]|K]; exact K.
  - apply sum_ext; intros i _; apply IH; intros n Hn. unfold upd.
    destruct (Pos.eqb_spec n x); [auto|]. destruct (H n Hn) as [[?|?]|?]; auto. congruence.
Qed.

(** Sums commute: distinct binders may stand in any order. *)
Lemma msum_perm a b : Permutation a b -> NoDup (map fst a) -> forall e F, msum a e F = msum b e F.
Proof.
  induction 1 as [|[x r] a b P IH|[x r] [y s] a|a b c P1 IH1 P2 IH2]; simpl; intros N e F; auto.
  - apply sum_ext; intros; apply IH. now inversion N.
  - rewrite sum_swap. apply sum_ext; intros; apply sum_ext; intros.
    rewrite upd_comm; auto. inversion N; simpl in *; intuition.
  - rewrite IH1 by auto. apply IH2. eapply Permutation_NoDup; [|exact N]. now apply Permutation_map.
Qed.

(** * Lists of names, decided *)

Definition memb (x : name) (l : list name) := existsb (Pos.eqb x) l.
Lemma memb_spec x l : memb x l = true <-> In x l.
Proof.
  unfold memb. rewrite existsb_exists. split.
  - intros [y [H E]]. apply Pos.eqb_eq in E. now subst.
  - intros H; exists x; split; auto. apply Pos.eqb_refl.
Qed.
Lemma memb_false x l : memb x l = false -> ~ In x l.
Proof. intros H I. apply memb_spec in I. congruence. Qed.
Definition disjoint (a b : list name) := forallb (fun x => negb (memb x b)) a.
Lemma disjoint_spec a b : disjoint a b = true -> forall x, In x a -> ~ In x b.
Proof.
  unfold disjoint. rewrite forallb_forall. intros H x Hx. specialize (H x Hx).
  apply negb_true_iff in H. now apply memb_false.
Qed.
Fixpoint distinct (l : list name) := match l with [] => true | x :: t => negb (memb x t) && distinct t end.
Lemma distinct_spec l : distinct l = true -> NoDup l.
Proof.
  induction l as [|x t IH]; simpl; intros H; constructor; apply andb_prop in H; destruct H as [H1 H2]; auto.
  apply negb_true_iff in H1. now apply memb_false.
Qed.

(** * Multiplying out *)

(** The product of two monomials, if no binder of one captures a name of the other. *)
Local Opaque Qred.
Definition mul1 (m1 m2 : monomial) : option monomial :=
  let '(c1, b1, f1) := m1 in let '(c2, b2, f2) := m2 in
  if disjoint (map fst b1) (map fst b2) && disjoint (map fst b2) (flat_map vars f1)
     && disjoint (map fst b1) (flat_map vars f2)
  then Some (Qred (c1 * c2), b1 ++ b2, f1 ++ f2) else None.
Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.
Lemma dfs_upd e x i fs : ~ In x (flat_map vars fs) -> dfs (upd e x i) fs = dfs e fs.
Proof.
  intros H. apply dfs_agree. intros n Hn. unfold upd. destruct (Pos.eqb_spec n x); [subst; tauto|auto].
Qed.
Lemma mul1_sound e m1 m2 m : mul1 m1 m2 = Some m -> dm e m = dm e m1 * dm e m2.
Proof.
  destruct m1 as [[c1 b1] f1], m2 as [[c2 b2] f2]. unfold mul1.
  destruct (disjoint _ _ && _ && _) eqn:D; [|discriminate]. intros [= <-].
  apply andb_prop in D; destruct D as [D D3]; apply andb_prop in D; destruct D as [D1 D2].
  pose proof (disjoint_spec _ _ D1) as H1; pose proof (disjoint_spec _ _ D2) as H2;
  pose proof (disjoint_spec _ _ D3) as H3.
  unfold dm. rewrite Q2R_red, Q2R_mult, msum_app.
  rewrite (msum_ext b1 e _ (fun e' => msum b2 e' (fun e0 => dfs e0 f2) * dfs e' f1)).
  - rewrite msum_indep; [ring|]. intros; apply msum_upd; auto. intros; apply dfs_upd; auto.
  - intros e'. rewrite (msum_ext b2 e' _ (fun e0 => dfs e0 f1 * dfs e0 f2)) by (intros; apply dfs_app).
    rewrite msum_indep; [ring|]. intros; apply dfs_upd; auto.
Qed.

(** A monomial times a polynomial; a polynomial times a polynomial. *)
Fixpoint mul_mono (m : monomial) (p : list monomial) : option (list monomial) :=
  match p with [] => Some [] | h :: t =>
    match mul1 m h, mul_mono m t with Some a, Some b => Some (a :: b) | _, _ => None end end.
Lemma mul_mono_sound e m p : forall r, mul_mono m p = Some r -> dp e r = dm e m * dp e p.
Proof.
  induction p as [|h t IH]; simpl; intros r H; [injection H as <-; simpl; ring|].
  destruct (mul1 m h) eqn:E1; [|discriminate]. destruct (mul_mono m t) eqn:E2; [|discriminate].
  injection H as <-. simpl. rewrite (mul1_sound e _ _ _ E1), (IH _ eq_refl). ring.
Qed.
Lemma dp_app e a b : dp e (a ++ b) = dp e a + dp e b.
Proof. induction a as [|m t IH]; simpl; [ring|]. rewrite IH; ring. Qed.
Fixpoint mul_poly (p q : list monomial) : option (list monomial) :=
  match p with [] => Some [] | h :: t =>
    match mul_mono h q, mul_poly t q with Some a, Some b => Some (a ++ b) | _, _ => None end end.
Lemma mul_poly_sound e p q : forall r, mul_poly p q = Some r -> dp e r = dp e p * dp e q.
Proof.
  induction p as [|h t IH]; simpl; intros r H; [injection H as <-; simpl; ring|].
  destruct (mul_mono h q) eqn:E1; [|discriminate]. destruct (mul_poly t q) eqn:E2; [|discriminate].
  injection H as <-. rewrite dp_app, (mul_mono_sound e _ _ _ E1), (IH _ eq_refl). ring.
Qed.

(** Opposites, and sums over one more binder. *)
Definition neg1 (m : monomial) : monomial := let '(c, b, f) := m in (Qopp c, b, f).
Lemma neg_sound e p : dp e (map neg1 p) = - dp e p.
Proof. induction p as [|[[c b] f] t IH]; simpl; [ring|]. rewrite IH, Q2R_opp. ring. Qed.
Definition bind1 (x : name) (r : nat) (m : monomial) : monomial := let '(c, b, f) := m in (c, (x, r) :: b, f).
Lemma bind_sound e x r p : dp e (map (bind1 x r) p) = bsum (rng r) (fun i => dp (upd e x i) p).
Proof.
  induction p as [|[[c b] f] t IH]; simpl; [rewrite sum_zero; auto|]. rewrite IH, sum_plus, sum_scale. reflexivity.
Qed.

(** The polynomial of a term. *)
Fixpoint expand (t : term) : option (list monomial) :=
  match t with
  | TZ z => Some [(inject_Z z, [], [])]
  | TI p => Some [((1 # p)%Q, [], [])]
  | TN x r => Some [(1%Q, [(x, r)], [])]
  | TF f => Some [(1%Q, [], [f])]
  | TAdd a b => match expand a, expand b with Some p, Some q => Some (p ++ q) | _, _ => None end
  | TMul a b => match expand a, expand b with Some p, Some q => mul_poly p q | _, _ => None end
  | TOpp a => match expand a with Some p => Some (map neg1 p) | _ => None end
  | TSum x r b => match expand b with Some p => Some (map (bind1 x r) p) | _ => None end
  end.
Lemma expand_sound t : forall p, expand t = Some p -> forall e, denote e t = dp e p.
Proof.
  induction t; simpl; intros q H e.
  - injection H as <-; simpl. unfold Q2R; simpl. field.
  - injection H as <-; simpl. unfold Q2R; simpl. ring.
  - injection H as <-; simpl. rewrite sum_ones. unfold Q2R; simpl. field.
  - injection H as <-; simpl. unfold Q2R; simpl. field.
  - destruct (expand t1); [|discriminate]. destruct (expand t2); [|discriminate]. injection H as <-.
    rewrite dp_app, (IHt1 _ eq_refl), (IHt2 _ eq_refl). reflexivity.
  - destruct (expand t1); [|discriminate]. destruct (expand t2); [|discriminate].
    rewrite (mul_poly_sound e _ _ _ H), (IHt1 _ eq_refl), (IHt2 _ eq_refl). reflexivity.
  - destruct (expand t); [|discriminate]. injection H as <-. rewrite neg_sound, (IHt _ eq_refl). reflexivity.
  - destruct (expand t); [|discriminate]. injection H as <-. rewrite bind_sound.
    apply sum_ext; intros; apply IHt; reflexivity.
Qed.

(** * Deltas *)

(** Renaming the names in factors is renaming in the environment. *)
Definition mapf (g : name -> name) (f : factor) := match f with FA k a => FA k (map g a) | FD u v => FD (g u) (g v) end.
Lemma dfs_mapf g e fs : dfs e (map (mapf g) fs) = dfs (fun n => e (g n)) fs.
Proof. induction fs as [|[k a|u v] t IH]; simpl; [reflexivity| |]; rewrite IH; auto. now rewrite map_map. Qed.

(** [in_range g e]: the names listed in g have indices within their ranges. *)
Fixpoint lookup {A} (v : name) (g : list (name * A)) : option A :=
  match g with [] => None | (x, r) :: t => if Pos.eqb v x then Some r else lookup v t end.
Definition in_range (g : binders) (e : env) := forall v r, lookup v g = Some r -> (e v < rng r)%nat.
Lemma msum_ext_in bs : forall g e F G, in_range g e ->
  (forall e', in_range (rev_append bs g) e' -> F e' = G e') -> msum bs e F = msum bs e G.
Proof.
  induction bs as [|[x r] t IH]; simpl; intros g e F G K H; auto.
  apply sum_ext; intros i Hi. apply (IH ((x, r) :: g)); auto.
  intros v s; simpl; unfold upd. destruct (Pos.eqb v x); [intros [= <-]; auto|apply K].
Qed.

(** A delta between a binder and a name of the same range removes the binder: its name becomes the other one. *)
Definition sub (x v n : name) := if Pos.eqb n x then v else n.
Lemma delta_picks g e bs x r v fs :
  in_range g e -> lookup v (rev_append bs g) = Some r -> v <> x ->
  msum (bs ++ [(x, r)]) e (fun e => delta (e x) (e v) * dfs e fs) = msum bs e (fun e => dfs e (map (mapf (sub x v)) fs)).
Proof.
  intros K L N. rewrite msum_app. apply (msum_ext_in bs g); auto. intros e' K'. simpl.
  rewrite (sum_ext (rng r) _ (fun i => delta i (e' v) * dfs (upd e' x i) fs)).
  - rewrite sum_delta by (apply K'; exact L). rewrite dfs_mapf. apply dfs_agree.
    intros n _. unfold upd, sub. now destruct (Pos.eqb n x).
  - intros i Hi. unfold upd at 1 2. rewrite Pos.eqb_refl. apply Pos.eqb_neq in N. now rewrite N.
Qed.

(** Take the binder x out of the list. *)
Fixpoint take (x : name) (b : binders) : option (nat * binders) :=
  match b with [] => None | (y, r) :: t =>
    if Pos.eqb x y then Some (r, t) else
    match take x t with Some (s, t') => Some (s, (y, r) :: t') | None => None end end.
Lemma take_perm x b : forall r b', take x b = Some (r, b') -> Permutation b (b' ++ [(x, r)]).
Proof.
  induction b as [|[y s] t IH]; simpl; intros r b' H; [discriminate|].
  destruct (Pos.eqb_spec x y).
  - injection H as <- <-. subst. apply Permutation_cons_append.
  - destruct (take x t) as [[s' t']|]; [|discriminate]. injection H as <- <-. simpl. constructor. auto.
Qed.

(** One delta, tried in the direction x := v. *)
Definition is_range (a : option nat) (r : nat) := match a with Some s => Nat.eqb s r | None => false end.
Definition pick (g bs : binders) (x v : name) (fs : list factor) : option (binders * list factor) :=
  match take x bs with
  | Some (r, bs') => if negb (Pos.eqb v x) && is_range (lookup v (rev_append bs' g)) r
                     then Some (bs', map (mapf (sub x v)) fs) else None
  | None => None end.
Lemma pick_sound g e bs x v fs bs' fs' :
  in_range g e -> NoDup (map fst bs) -> pick g bs x v fs = Some (bs', fs') ->
  msum bs e (fun e => delta (e x) (e v) * dfs e fs) = msum bs' e (fun e => dfs e fs').
Proof.
  unfold pick. intros K N H. destruct (take x bs) as [[r b]|] eqn:E; [|discriminate].
  destruct (negb _ && _) eqn:B; [|discriminate]. injection H as <- <-.
  apply andb_prop in B; destruct B as [B1 B2]. apply negb_true_iff, Pos.eqb_neq in B1.
  destruct (lookup v (rev_append b g)) as [s|] eqn:L; simpl in B2; [|discriminate].
  apply Nat.eqb_eq in B2; subst s.
  rewrite (msum_perm _ _ (take_perm _ _ _ _ E) N). now apply (delta_picks g).
Qed.

(** The first delta of a monomial that can go, in either direction; [delta i i] is 1 and goes at once. *)
Fixpoint pick_one (g bs : binders) (pre fs : list factor) : option (binders * list factor) :=
  match fs with
  | [] => None
  | f :: t =>
    let later := pick_one g bs (f :: pre) t in
    match f with
    | FA _ _ => later
    | FD u v => if Pos.eqb u v then Some (bs, rev_append pre t) else
                match pick g bs u v (rev_append pre t) with
                | Some r => Some r
                | None => match pick g bs v u (rev_append pre t) with Some r => Some r | None => later end
                end
    end
  end.
Lemma perm_pick (f : factor) pre t : Permutation (rev_append pre (f :: t)) (f :: rev_append pre t).
Proof. rewrite !rev_append_rev. symmetry. apply Permutation_middle. Qed.
Lemma pick_one_sound g e bs fs : in_range g e -> NoDup (map fst bs) -> forall pre bs' fs',
  pick_one g bs pre fs = Some (bs', fs') ->
  msum bs e (fun e => dfs e (rev_append pre fs)) = msum bs' e (fun e => dfs e fs').
Proof.
  intros K N; induction fs as [|f t IH]; intros pre bs' fs' H; [discriminate|].
  destruct f as [k a|u v]; simpl in H; [exact (IH (FA k a :: pre) _ _ H)|].
  destruct (Pos.eqb_spec u v) as [->|D].
  { injection H as <- <-. apply msum_ext; intros e'. rewrite (dfs_perm _ _ _ (perm_pick _ _ _)). simpl.
    rewrite delta_same. ring. }
  destruct (pick g bs u v _) as [[b1 f1]|] eqn:E1.
  { injection H as <- <-. rewrite <- (pick_sound g e bs u v _ _ _ K N E1).
    apply msum_ext; intros. now rewrite (dfs_perm _ _ _ (perm_pick _ _ _)). }
  destruct (pick g bs v u _) as [[b1 f1]|] eqn:E2.
  { injection H as <- <-. rewrite <- (pick_sound g e bs v u _ _ _ K N E2).
    apply msum_ext; intros. rewrite (dfs_perm _ _ _ (perm_pick _ _ _)). simpl. now rewrite delta_sym. }
  exact (IH (FD u v :: pre) _ _ H).
Qed.

(** All deltas that can go. *)
Fixpoint eliminate (fuel : nat) (g : binders) (m : monomial) : monomial :=
  match fuel with O => m | S k =>
    let '(c, bs, fs) := m in
    if distinct (map fst bs) then
      match pick_one g bs [] fs with Some (b', f') => eliminate k g (c, b', f') | None => m end
    else m end.
Lemma eliminate_sound g e fuel : in_range g e -> forall m, dm e (eliminate fuel g m) = dm e m.
Proof.
  intros K; induction fuel as [|k IH]; intros [[c bs] fs]; simpl; auto.
  destruct (distinct (map fst bs)) eqn:N; auto.
  destruct (pick_one g bs [] fs) as [[b' f']|] eqn:E; auto.
  rewrite IH. simpl. f_equal. symmetry.
  exact (pick_one_sound g e bs fs K (distinct_spec _ N) [] _ _ E).
Qed.

(** Deltas that stay, between free names: where they are not 0, the other factors may use the smaller name. *)
Definition lower (u v n : name) := if Pos.eqb n (Pos.max u v) then Pos.min u v else n.
Lemma lower_sound e u v fs :
  delta (e u) (e v) * dfs e fs = delta (e u) (e v) * dfs e (map (mapf (lower u v)) fs).
Proof.
  destruct (Nat.eq_dec (e u) (e v)) as [E|D]; [|rewrite delta_other by assumption; ring].
  f_equal. rewrite dfs_mapf. apply dfs_agree. intros n _. unfold lower.
  destruct (Pos.eqb_spec n (Pos.max u v)) as [->|]; [|reflexivity].
  destruct (Pos.max_spec u v) as [[_ ->]|[_ ->]], (Pos.min_spec u v) as [[_ ->]|[_ ->]]; auto.
Qed.
Fixpoint settle (fuel : nat) (pre fs : list factor) : list factor :=
  match fuel, fs with
  | S k, FD u v :: t => settle k (FD u v :: map (mapf (lower u v)) pre) (map (mapf (lower u v)) t)
  | S k, f :: t => settle k (f :: pre) t
  | _, _ => rev_append pre fs
  end.
Lemma settle_sound fuel : forall e pre fs, dfs e (settle fuel pre fs) = dfs e (rev_append pre fs).
Proof.
  induction fuel as [|k IH]; intros e pre fs; [reflexivity|].
  destruct fs as [|[a l|u v] t]; [reflexivity| |]; simpl; rewrite IH.
  - reflexivity.
  - change (dfs e (rev_append (map (mapf (lower u v)) pre) (FD u v :: map (mapf (lower u v)) t)) =
            dfs e (rev_append pre (FD u v :: t))).
    rewrite !(dfs_perm _ _ _ (perm_pick _ _ _)), !rev_append_rev, <- map_rev, <- map_app.
    symmetry. apply lower_sound.
Qed.
Definition settled (m : monomial) : monomial := let '(c, bs, fs) := m in (c, bs, settle (length fs) [] fs).
Lemma settled_sound e m : dm e (settled m) = dm e m.
Proof. destruct m as [[c bs] fs]. simpl. f_equal. apply msum_ext; intros. now rewrite settle_sound. Qed.

(** * Renaming binders, by checked transpositions *)

Definition swap (x y n : name) := if Pos.eqb n x then y else if Pos.eqb n y then x else n.
Lemma swap_swap x y n : swap x y (swap x y n) = n.
Proof.
  unfold swap. destruct (Pos.eqb_spec n x); subst.
  - rewrite Pos.eqb_refl. destruct (Pos.eqb_spec y x); auto.
  - destruct (Pos.eqb_spec n y); subst; [now rewrite Pos.eqb_refl|].
    destruct (Pos.eqb_spec n x); [tauto|]. destruct (Pos.eqb_spec n y); tauto.
Qed.
Definition swapb (x y : name) (b : name * nat) := (swap x y (fst b), snd b).
Lemma msum_swap x y bs : forall e F,
  msum (map (swapb x y) bs) e F = msum bs (fun n => e (swap x y n)) (fun e' => F (fun n => e' (swap x y n))).
Proof.
  induction bs as [|[z r] t IH]; simpl; intros e F.
  - f_equal. apply functional_extensionality; intros n. now rewrite swap_swap.
  - apply sum_ext; intros i _. rewrite IH. f_equal. apply functional_extensionality; intros n.
    unfold upd. destruct (Pos.eqb_spec n z) as [->|D]; [now rewrite Pos.eqb_refl|].
    destruct (Pos.eqb_spec (swap x y n) (swap x y z)) as [E|E]; auto.
    elim D. rewrite <- (swap_swap x y n), E. apply swap_swap.
Qed.

(** A transposition of two names, provided that every name it moves is bound. *)
Definition rename1 (x y : name) (m : monomial) : option monomial :=
  let '(c, bs, fs) := m in
  if forallb (fun n => memb n (map fst bs) || Pos.eqb (swap x y n) n) (flat_map vars fs)
  then Some (c, map (swapb x y) bs, map (mapf (swap x y)) fs) else None.
Lemma rename1_sound e x y m m' : rename1 x y m = Some m' -> dm e m' = dm e m.
Proof.
  destruct m as [[c bs] fs]. unfold rename1. destruct (forallb _ _) eqn:B; [|discriminate].
  intros [= <-]. simpl. f_equal. rewrite msum_swap. rewrite (msum_ext bs _ _ (fun e' => dfs e' fs)).
  - apply msum_agree. rewrite forallb_forall in B. intros n Hn. specialize (B n Hn).
    apply orb_prop in B; destruct B as [B|B]; [left; now apply memb_spec|right].
    apply Pos.eqb_eq in B. now rewrite B.
  - intros e'. rewrite dfs_mapf. apply dfs_agree. intros n _. now rewrite swap_swap.
Qed.
Fixpoint rename (l : list (name * name)) (m : monomial) : option monomial :=
  match l with [] => Some m | (x, y) :: t =>
    match rename1 x y m with Some m' => rename t m' | None => None end end.
Lemma rename_sound e l : forall m m', rename l m = Some m' -> dm e m' = dm e m.
Proof.
  induction l as [|[x y] t IH]; simpl; intros m m' H; [now injection H as <-|].
  destruct (rename1 x y m) eqn:E; [|discriminate]. rewrite (IH _ _ H). eapply rename1_sound; eauto.
Qed.

(** * The search for a renaming: not proved, for its answer is checked *)

Fixpoint picks {A} (l : list A) : list (A * list A) :=
  match l with [] => [] | a :: t => (a, t) :: map (fun q => (fst q, a :: snd q)) (picks t) end.
Fixpoint first_some {A B} (f : A -> option B) (l : list A) : option B :=
  match l with [] => None | a :: t => match f a with Some b => Some b | None => first_some f t end end.
Definition pairing := list (name * name).
Definition match_name (b1 b2 : binders) (s : pairing) (x y : name) : option pairing :=
  match lookup x b1, lookup y b2 with
  | None, None => if Pos.eqb x y then Some s else None
  | Some r, Some r' => if Nat.eqb r r' then
      match lookup x s with
      | Some y' => if Pos.eqb y y' then Some s else None
      | None => if memb y (map snd s) then None else Some ((x, y) :: s) end else None
  | _, _ => None end.
Fixpoint match_names b1 b2 s (l1 l2 : list name) : option pairing :=
  match l1, l2 with
  | [], [] => Some s
  | x :: t, y :: u => match match_name b1 b2 s x y with Some s' => match_names b1 b2 s' t u | None => None end
  | _, _ => None end.
Definition match_factor b1 b2 s (f1 f2 : factor) : list pairing :=
  let found x := match x with Some a => [a] | None => [] end in
  match f1, f2 with
  | FA k a, FA k' a' => if Nat.eqb k k' then found (match_names b1 b2 s a a') else []
  | FD u v, FD u' v' => found (match_names b1 b2 s [u; v] [u'; v']) ++ found (match_names b1 b2 s [u; v] [v'; u'])
  | _, _ => [] end.
Fixpoint search b1 b2 s (f1 f2 : list factor) : option pairing :=
  match f1 with
  | [] => match f2 with [] => Some s | _ => None end
  | f :: t => first_some (fun q => first_some (fun s' => search b1 b2 s' t (snd q)) (match_factor b1 b2 s f (fst q)))
                         (picks f2)
  end.
(** Binders that no factor mentions are paired by their ranges. *)
Fixpoint unused (b1 b2 : binders) (s : pairing) : option pairing :=
  match b1 with
  | [] => Some s
  | (x, r) :: t => match lookup x s with Some _ => unused t b2 s | None =>
      match first_some (fun q => if Nat.eqb (snd q) r && negb (memb (fst q) (map snd s)) then Some (fst q) else None) b2
      with Some y => unused t b2 ((x, y) :: s) | None => None end end end.
(** A pairing of names as a list of transpositions. *)
Fixpoint transpositions (s acc : pairing) : pairing :=
  match s with [] => rev acc | (x, y) :: t =>
    let x' := fold_left (fun n p => swap (fst p) (snd p) n) (rev acc) x in
    if Pos.eqb x' y then transpositions t acc else transpositions t ((x', y) :: acc) end.

(** * Equal monomials, checked *)

Fixpoint same_names (a b : list name) : bool :=
  match a, b with [], [] => true | x :: t, y :: u => Pos.eqb x y && same_names t u | _, _ => false end.
Lemma same_names_spec a : forall b, same_names a b = true -> a = b.
Proof.
  induction a as [|x t IH]; intros [|y u]; simpl; try discriminate; auto.
  intros H. apply andb_prop in H; destruct H as [H1 H2]. apply Pos.eqb_eq in H1. f_equal; auto.
Qed.
Definition same_factor (a b : factor) : bool :=
  match a, b with
  | FA k l, FA k' l' => Nat.eqb k k' && same_names l l'
  | FD u v, FD u' v' => (Pos.eqb u u' && Pos.eqb v v') || (Pos.eqb u v' && Pos.eqb v u')
  | _, _ => false end.
Lemma same_factor_sound a b e : same_factor a b = true -> df e a = df e b.
Proof.
  destruct a, b; simpl; try discriminate; intros H.
  - apply andb_prop in H; destruct H as [H1 H2]. apply Nat.eqb_eq in H1. apply same_names_spec in H2. now subst.
  - apply orb_prop in H; destruct H as [H|H]; apply andb_prop in H; destruct H as [H1 H2];
      apply Pos.eqb_eq in H1; apply Pos.eqb_eq in H2; subst; auto. apply delta_sym.
Qed.
(** Take a factor out of a list; equal lists of factors up to order. *)
Fixpoint take_factor (f : factor) (l : list factor) : option (list factor) :=
  match l with [] => None | h :: t => if same_factor f h then Some t else
    match take_factor f t with Some t' => Some (h :: t') | None => None end end.
Lemma take_factor_sound e f l : forall l', take_factor f l = Some l' -> dfs e l = df e f * dfs e l'.
Proof.
  induction l as [|h t IH]; simpl; intros l' H; [discriminate|].
  destruct (same_factor f h) eqn:E.
  - injection H as <-. now rewrite (same_factor_sound _ _ e E).
  - destruct (take_factor f t); [|discriminate]. injection H as <-. simpl. rewrite (IH _ eq_refl). ring.
Qed.
Fixpoint same_factors (a b : list factor) : bool :=
  match a with [] => match b with [] => true | _ => false end
  | f :: t => match take_factor f b with Some b' => same_factors t b' | None => false end end.
Lemma same_factors_sound e a : forall b, same_factors a b = true -> dfs e a = dfs e b.
Proof.
  induction a as [|f t IH]; simpl; intros b H; [destruct b; [reflexivity|discriminate]|].
  destruct (take_factor f b) as [b'|] eqn:E; [|discriminate]. rewrite (take_factor_sound e _ _ _ E), (IH b' H). reflexivity.
Qed.
(** Equal lists of binders up to order. *)
Fixpoint same_binders (a b : binders) : bool :=
  match a with [] => match b with [] => true | _ => false end
  | (x, r) :: t => match take x b with Some (r', b') => Nat.eqb r r' && same_binders t b' | None => false end end.
Lemma same_binders_perm a : forall b, same_binders a b = true -> Permutation a b.
Proof.
  induction a as [|[x r] t IH]; simpl; intros b H; [destruct b; [constructor|discriminate]|].
  destruct (take x b) as [[r' b']|] eqn:E; [|discriminate]. apply andb_prop in H; destruct H as [H1 H2].
  apply Nat.eqb_eq in H1; subst r'. etransitivity; [constructor; apply (IH b' H2)|].
  etransitivity; [apply Permutation_cons_append|]. symmetry. now apply take_perm.
Qed.
(** The same monomial but for its coefficient. *)
Definition same (m h : monomial) : bool :=
  let '(_, b1, f1) := m in let '(_, b2, f2) := h in
  if negb (Nat.eqb (length f1) (length f2) && Nat.eqb (length b1) (length b2)) then false else
  match search b1 b2 [] f1 f2 with
  | Some s => match unused b1 b2 s with
    | Some s' => match rename (transpositions s' []) m with
      | Some (_, b1', f1') => distinct (map fst b1') && same_binders b1' b2 && same_factors f1' f2
      | None => false end
    | None => false end
  | None => false end.
Definition coef (m : monomial) : Q := fst (fst m).
Lemma rename_coef l : forall m m', rename l m = Some m' -> coef m' = coef m.
Proof.
  induction l as [|[x y] t IH]; simpl; intros m m' H; [now injection H as <-|].
  destruct (rename1 x y m) as [m1|] eqn:E; [|discriminate]. rewrite (IH _ _ H).
  destruct m as [[c b] f]. unfold rename1 in E. destruct (forallb _ _); [|discriminate]. now injection E as <-.
Qed.
Lemma same_sound e c1 b1 f1 c2 b2 f2 : same (c1, b1, f1) (c2, b2, f2) = true ->
  dm e (c1, b1, f1) = Q2R c1 * msum b2 e (fun e' => dfs e' f2).
Proof.
  unfold same. destruct (negb _); [discriminate|].
  destruct (search _ _ _ _ _) as [s|]; [|discriminate].
  destruct (unused _ _ _) as [s'|]; [|discriminate].
  destruct (rename (transpositions s' []) (c1, b1, f1)) as [[[c' b'] f']|] eqn:E; [|discriminate].
  intros H. apply andb_prop in H; destruct H as [H H3]; apply andb_prop in H; destruct H as [H1 H2].
  rewrite <- (rename_sound e _ _ _ E). pose proof (rename_coef _ _ _ E) as C. unfold coef in C; simpl in C; subst c'.
  unfold dm. f_equal. rewrite (msum_perm _ _ (same_binders_perm _ _ H2) (distinct_spec _ H1)).
  apply msum_ext; intros. now apply same_factors_sound.
Qed.

(** * The decision *)

(** Collect: add each monomial, its deltas gone, to the first one that is the same. *)
Fixpoint insert (m : monomial) (p : list monomial) : list monomial :=
  match p with
  | [] => [m]
  | h :: t => if same m h then (let '(c, b, f) := h in (Qred (coef m + c), b, f) :: t) else h :: insert m t end.
Lemma insert_sound e m p : dp e (insert m p) = dm e m + dp e p.
Proof.
  induction p as [|h t IH]; cbn [insert dp]; [ring|].
  destruct m as [[c1 b1] f1], h as [[c b] f].
  destruct (same (c1, b1, f1) (c, b, f)) eqn:E.
  - rewrite (same_sound e _ _ _ _ _ _ E). cbn [dp]. unfold dm at 1 2, coef. cbn [fst].
    rewrite Q2R_red, Q2R_plus. ring.
  - cbn [dp]. rewrite IH. ring.
Qed.
Definition collect (g : binders) (p : list monomial) : list monomial :=
  fold_right (fun m q => insert (eliminate 40 g (settled (eliminate 40 g m))) q) [] p.
Lemma collect_sound g e p : in_range g e -> dp e (collect g p) = dp e p.
Proof.
  intros K; unfold collect; induction p as [|m t IH]; cbn [fold_right dp]; [reflexivity|].
  now rewrite insert_sound, eliminate_sound, settled_sound, eliminate_sound, IH.
Qed.
Definition is_zero (p : list monomial) : bool := forallb (fun m => Qeq_bool (coef m) 0) p.
Lemma is_zero_sound e p : is_zero p = true -> dp e p = 0.
Proof.
  induction p as [|[[c b] f] t IH]; simpl; intros H; [reflexivity|].
  apply andb_prop in H; destruct H as [H1 H2]. rewrite (IH H2). unfold coef in H1; simpl in H1.
  apply Qeq_bool_eq in H1. rewrite (Qeq_eqR _ _ H1). unfold Q2R; simpl. ring.
Qed.

(** Every coefficient of a - b vanishes. *)
Definition check (g : binders) (a b : term) : bool :=
  match expand (TAdd a (TOpp b)) with Some p => is_zero (collect g p) | None => false end.
Theorem check_sound g e a b : in_range g e -> check g a b = true -> denote e a = denote e b.
Proof.
  unfold check. intros K H. destruct (expand (TAdd a (TOpp b))) as [p|] eqn:N; [|discriminate].
  pose proof (expand_sound _ _ N e) as D. rewrite <- (collect_sound g e p K) in D.
  rewrite (is_zero_sound e _ H) in D. simpl in D. lra.
Qed.
End Meaning.

(** * How it is used *)

(** The indices that a goal leaves free are within their ranges. *)
Lemma in_range_nil rng e : in_range rng [] e.
Proof. intros v r H; discriminate. Qed.
Lemma in_range_cons rng e g v r : (e v < rng r)%nat -> in_range rng g e -> in_range rng ((v, r) :: g) e.
Proof.
  intros H K w s; simpl. destruct (Pos.eqb_spec w v); [intros [= <-]; subst; auto|apply K].
Qed.

(** The table of atoms, the list of sizes and the free indices as functions.  Names 1, 2, ... are the free indices. *)
Definition atoms_of (l : list (list nat -> R)) (k : nat) : list nat -> R := nth k l (fun _ => 0).
Definition sizes_of (l : list nat) (r : nat) : nat := nth r l O.
Fixpoint indices_of (l : list nat) (v : name) : nat :=
  match l with [] => O | i :: t => if Pos.eqb v 1 then i else indices_of t (Pos.pred v) end.
(** Argument k of an atom. *)
Definition arg (k : nat) (l : list nat) : nat := nth k l O.

(** The goal is an equation.  The tool supplies both sides, reified; conversion compares, and computation decides. *)
Ltac decide_sums sizes atoms indices bounds a b :=
  change (denote (sizes_of sizes) (atoms_of atoms) (indices_of indices) a =
          denote (sizes_of sizes) (atoms_of atoms) (indices_of indices) b);
  apply (check_sound (sizes_of sizes) (atoms_of atoms) bounds);
  [ repeat first [ apply in_range_nil | apply in_range_cons; [ simpl; assumption | ] ]
  | vm_compute; reflexivity ].

(** An equation that holds modulo relations: H is a sum of multiples c (P - Q) of proved equations P = Q. *)
Lemma by_relations L R H : H = 0 -> L = R + H -> L = R.
Proof. intros -> ->; ring. Qed.
Lemma plus_zero a b : a = 0 -> b = 0 -> a + b = 0.
Proof. intros -> ->; ring. Qed.
Lemma multiple_zero c p q : p = q -> c * (p - q) = 0.
Proof. intros ->; ring. Qed.
Ltac vanish relation :=
  repeat first [ apply multiple_zero | apply plus_zero | apply sum_zero; intros ]; relation.

(** Both sides replaced by equal terms. *)
Lemma equal_same (a b a' b' : R) : a = a' -> b = b' -> a' = b' -> a = b.
Proof. now intros -> ->. Qed.
