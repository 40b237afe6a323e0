"""The softmax of a vector x of any length n."""
from tacheck.lang import Expr, Index, Sum, dim, exp, tensor

i, a = dim("n", "i a")
x = tensor("x")


def softmax(i: Index) -> Expr:
    """s_i = exp(x_i) / sum_j exp(x_j)."""
    return exp(x[i]) / Sum(i, lambda j: exp(x[j]))
