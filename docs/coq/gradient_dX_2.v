(* gradient.dX[2] *)

From Coq Require Import Reals List ZArith.
From Coquelicot Require Import Coquelicot.
From Tacheck Require Import Sums Slopes Splits Checker.
Import ListNotations.
Open Scope R_scope.

Section Claim.

Variables d n : nat.
Variable A1 : nat -> nat -> R.
Variable A2 : nat -> nat -> R.
Variable A3 : nat -> nat -> R.
Variable A4 : nat -> nat -> R.
Variable A5 : nat -> nat -> R.
Variable Y : nat -> nat -> nat -> R.
Variable E : nat -> nat -> R.

Definition u (X : nat -> nat -> nat -> R) (k k3 k4 : nat) : R :=
  exp (/ INR d * bsum d (fun a1 => bsum d (fun a2 => bsum d (fun a3 => A1 k a3 * X a3 a1 a2) * (A2 k3 a1 * A3 k4 a2)))).

Definition inv_alpha (X : nat -> nat -> nat -> R) (k : nat) : R :=
  / bsum n (fun k3 => bsum n (fun k4 => u X k k3 k4)).

Definition h (k1 k2 a : nat) : R :=
  bsum d (fun a1 => bsum d (fun a2 => A4 k1 a1 * A5 k2 a2 * Y a1 a2 a)).

Definition c (X : nat -> nat -> nat -> R) (k a : nat) : R :=
  bsum n (fun k1 => bsum n (fun k2 => inv_alpha X k * u X k k1 k2 * h k1 k2 a)) - E k a.

Definition t5 (X : nat -> nat -> nat -> R) (k k1 k2 : nat) : R :=
  inv_alpha X k * u X k k1 k2 * bsum d (fun a => c X k a * h k1 k2 a).

Definition Loss (X : nat -> nat -> nat -> R) : R :=
  / 2 * bsum n (fun k => bsum d (fun a => (c X k a) ^ 2)).

Definition G (X : nat -> nat -> nat -> R) (i j j1 : nat) : R :=
  / INR d * bsum n (fun k => A1 k i * bsum n (fun k1 => bsum n (fun k2 => (t5 X k k1 k2 - bsum n (fun k3 => bsum n (fun k4 => t5 X k k3 k4)) * (inv_alpha X k * u X k k1 k2)) * (A2 k1 j * A3 k2 j1)))).

Theorem claim :
  forall (X : nat -> nat -> nat -> R) (i j j1 : nat),
  (1 <= d)%nat -> (1 <= n)%nat ->
  (i < d)%nat -> (j < d)%nat -> (j1 < d)%nat ->
  is_derive (fun t => Loss (nudge3 X i j j1 t)) 0 (G X i j j1).
Proof.
  intros. cbv beta delta [Loss G u inv_alpha h c t5] in *.
  plain. eapply dual_is_derive, dual_eq; [ dual | ].
  decide_sums [d; n]
    [fun args : list nat => / INR d;
     fun args : list nat => A1 (arg 0 args) (arg 1 args);
     fun args : list nat => A2 (arg 0 args) (arg 1 args);
     fun args : list nat => A3 (arg 0 args) (arg 1 args);
     fun args : list nat => let k := arg 0 args in let k3 := arg 1 args in let k4 := arg 2 args in exp (/ INR d * bsum d (fun a1 => bsum d (fun a2 => bsum d (fun a3 => A1 k a3 * X a3 a1 a2) * (A2 k3 a1 * A3 k4 a2))));
     fun args : list nat => let k := arg 0 args in / bsum n (fun k3 => bsum n (fun k4 => exp (/ INR d * bsum d (fun a1 => bsum d (fun a2 => bsum d (fun a3 => A1 k a3 * X a3 a1 a2) * (A2 k3 a1 * A3 k4 a2))))));
     fun args : list nat => A4 (arg 0 args) (arg 1 args);
     fun args : list nat => A5 (arg 0 args) (arg 1 args);
     fun args : list nat => Y (arg 0 args) (arg 1 args) (arg 2 args);
     fun args : list nat => E (arg 0 args) (arg 1 args)]
    [i; j; j1] [(1%positive, 0%nat); (2%positive, 0%nat); (3%positive, 0%nat)]
    (TMul (TI 2) (TSum 4 1 (TSum 5 0 (TMul (TAdd (TSum 6 1 (TSum 7 1 (TMul (TAdd (TMul (TMul (TOpp (TSum 8 1 (TSum 9 1 (TMul (TMul (TF (FA 0 []%positive)) (TSum 10 0 (TSum 11 0 (TMul (TSum 12 0 (TMul (TF (FA 1 [4;12]%positive)) (TMul (TMul (TF (FD 12 1)) (TF (FD 10 2))) (TF (FD 11 3))))) (TMul (TF (FA 2 [8;10]%positive)) (TF (FA 3 [9;11]%positive))))))) (TF (FA 4 [4;8;9]%positive)))))) (TMul (TF (FA 5 [4]%positive)) (TF (FA 5 [4]%positive)))) (TF (FA 4 [4;6;7]%positive))) (TMul (TF (FA 5 [4]%positive)) (TMul (TMul (TF (FA 0 []%positive)) (TSum 13 0 (TSum 14 0 (TMul (TSum 15 0 (TMul (TF (FA 1 [4;15]%positive)) (TMul (TMul (TF (FD 15 1)) (TF (FD 13 2))) (TF (FD 14 3))))) (TMul (TF (FA 2 [6;13]%positive)) (TF (FA 3 [7;14]%positive))))))) (TF (FA 4 [4;6;7]%positive))))) (TSum 16 0 (TSum 17 0 (TMul (TMul (TF (FA 6 [6;16]%positive)) (TF (FA 7 [7;17]%positive))) (TF (FA 8 [16;17;5]%positive)))))))) (TZ 0)) (TMul (TAdd (TZ 1) (TZ 1)) (TMul (TAdd (TSum 18 1 (TSum 19 1 (TMul (TMul (TF (FA 5 [4]%positive)) (TF (FA 4 [4;18;19]%positive))) (TSum 20 0 (TSum 21 0 (TMul (TMul (TF (FA 6 [18;20]%positive)) (TF (FA 7 [19;21]%positive))) (TF (FA 8 [20;21;5]%positive)))))))) (TOpp (TF (FA 9 [4;5]%positive)))) (TZ 1)))))))
    (TMul (TF (FA 0 []%positive)) (TSum 22 1 (TMul (TF (FA 1 [22;1]%positive)) (TSum 23 1 (TSum 24 1 (TMul (TAdd (TMul (TMul (TF (FA 5 [22]%positive)) (TF (FA 4 [22;23;24]%positive))) (TSum 25 0 (TMul (TAdd (TSum 26 1 (TSum 27 1 (TMul (TMul (TF (FA 5 [22]%positive)) (TF (FA 4 [22;26;27]%positive))) (TSum 28 0 (TSum 29 0 (TMul (TMul (TF (FA 6 [26;28]%positive)) (TF (FA 7 [27;29]%positive))) (TF (FA 8 [28;29;25]%positive)))))))) (TOpp (TF (FA 9 [22;25]%positive)))) (TSum 30 0 (TSum 31 0 (TMul (TMul (TF (FA 6 [23;30]%positive)) (TF (FA 7 [24;31]%positive))) (TF (FA 8 [30;31;25]%positive)))))))) (TOpp (TMul (TSum 32 1 (TSum 33 1 (TMul (TMul (TF (FA 5 [22]%positive)) (TF (FA 4 [22;32;33]%positive))) (TSum 34 0 (TMul (TAdd (TSum 35 1 (TSum 36 1 (TMul (TMul (TF (FA 5 [22]%positive)) (TF (FA 4 [22;35;36]%positive))) (TSum 37 0 (TSum 38 0 (TMul (TMul (TF (FA 6 [35;37]%positive)) (TF (FA 7 [36;38]%positive))) (TF (FA 8 [37;38;34]%positive)))))))) (TOpp (TF (FA 9 [22;34]%positive)))) (TSum 39 0 (TSum 40 0 (TMul (TMul (TF (FA 6 [32;39]%positive)) (TF (FA 7 [33;40]%positive))) (TF (FA 8 [39;40;34]%positive)))))))))) (TMul (TF (FA 5 [22]%positive)) (TF (FA 4 [22;23;24]%positive)))))) (TMul (TF (FA 2 [23;2]%positive)) (TF (FA 3 [24;3]%positive))))))))).
Qed.

End Claim.

Print Assumptions claim.
