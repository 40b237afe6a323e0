(** Functions of sums and products, part by part: how the lemmas split_1, split_2, ... of an emitted file are proved. *)
Require Import Reals Lra.
From Tacheck Require Import Sums.
Open Scope R_scope.

(** exp (a + b) = exp a * exp b, exp (- a) = / exp a, exp (ln s) = s for s > 0. *)
Lemma exp_plus_parts a b A B : exp a = A -> exp b = B -> exp (a + b) = A * B.
Proof. intros <- <-. apply exp_plus. Qed.
Lemma exp_opp_parts a A : exp a = A -> exp (- a) = / A.
Proof. intros <-. apply exp_Ropp. Qed.
Ltac split_exp :=
  lazymatch goal with
  | |- exp (_ + _) = _ * _ => apply exp_plus_parts; split_exp
  | |- exp (- _) = / _ => apply exp_opp_parts; split_exp
  | |- exp 0 = _ => apply exp_0
  | |- exp (ln ?s) = ?s => apply exp_ln; positive
  | |- _ => reflexivity
  end.

(** / (a * b) = / a * / b and / / a = a, at all reals. *)
Lemma inv_parts a b A B : / a = A -> / b = B -> / (a * b) = A * B.
Proof. intros <- <-. apply Rinv_mult. Qed.
Ltac split_inv :=
  lazymatch goal with
  | |- / (_ * _) = _ * _ => apply inv_parts; split_inv
  | |- / / ?a = ?a => apply Rinv_inv
  | |- _ => reflexivity
  end.

(** ln (a * b) = ln a + ln b and ln (/ a) = - ln a for positive a and b; ln (exp a) = a. *)
Lemma ln_parts a b A B : 0 < a -> 0 < b -> ln a = A -> ln b = B -> ln (a * b) = A + B.
Proof. intros Ha Hb <- <-. now apply ln_mult. Qed.
Lemma ln_inv_parts a A : 0 < a -> ln a = A -> ln (/ a) = - A.
Proof. intros Ha <-. now apply ln_Rinv. Qed.
Ltac split_ln :=
  lazymatch goal with
  | |- ln (_ * _) = _ + _ => apply ln_parts; [ positive | positive | split_ln | split_ln ]
  | |- ln (/ _) = - _ => apply ln_inv_parts; [ positive | split_ln ]
  | |- ln (exp _) = _ => apply ln_exp
  | |- _ => reflexivity
  end.

(** sqrt (g^2 * v) = g * sqrt v for g > 0, and (/ sqrt v)^2 = / v for v > 0. *)
Lemma sqrt_parts g v : 0 < g -> sqrt (g ^ 2 * v) = g * sqrt v.
Proof. intros H. rewrite sqrt_mult_alt by (apply pow2_ge_0). f_equal. apply sqrt_pow2. lra. Qed.
Lemma inv_sqrt_twice v : 0 < v -> / sqrt v * / sqrt v = / v.
Proof. intros H. rewrite <- Rinv_mult. f_equal. apply sqrt_sqrt. lra. Qed.
Ltac split_sqrt :=
  lazymatch goal with
  | |- sqrt (_ ^ 2 * _) = _ * sqrt _ => apply sqrt_parts; positive
  | |- _ => reflexivity
  end.
