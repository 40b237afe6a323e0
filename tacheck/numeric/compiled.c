/* Moments, values and slopes of the monomials of points (see moments.py), a tile of tokens at a time.

   Tokens lie in the lanes of vectors, `nv` vectors to a tile.  The features of a tile are made in graded order, each from
   one of a degree less, and are used while they are in the cache; coefficients and moments are m x r, row by row.
   Compiled with -DREAL=float or -DREAL=double, for any processor: vectors are those of GCC and Clang. */
#include <stdint.h>

#if defined __AVX512F__
#define BYTES 64
#define STEP 4                          /* vectors at a time: with WIDEST columns, accumulators for 32 registers */
#elif defined __AVX__
#define BYTES 32
#define STEP 2                          /* for 16 */
#elif defined __aarch64__
#define BYTES 16
#define STEP 4
#else
#define BYTES 16
#define STEP 2
#endif
#define WIDEST 6                        /* columns at a time */
#define LANES ((int64_t)(BYTES / sizeof(REAL)))
#define FOLD 64                         /* vectors that are added up in REAL before they go into the moment */
#define INLINE static inline __attribute__((always_inline))

typedef REAL V __attribute__((vector_size(BYTES)));
typedef struct { int64_t variable, first, last, source; } Step;

/* A workspace, made by compiled.py: x (d, b), u and y (m, b), g (d, b); of a tile the features F and adjoints H (below, nv) and
   columns times a variable U (m, nv); sums S (r, m).  nv is a multiple of STEP, b of a tile, and everything begins on a cache
   line.  The last d steps make the features of the highest degree, which are not kept: each is x_c times one that is. */
typedef struct {
    int64_t d, m, r, below, steps, nv, b;
    const Step *plan;
    const REAL *x, *u;
    REAL *y, *g;
    V *F, *H, *U, *S;
} Work;

int64_t lanes(void) { return LANES; }

INLINE V all(REAL a) { return a - (V){0}; }
INLINE V *row(const REAL *of, const Work *w, int64_t c, int64_t tile) { return (V *)(of + c * w->b) + tile * w->nv; }
INLINE const Step *top(const Work *w) { return w->plan + w->steps - w->d; }
INLINE const Step *end(const Work *w) { return w->plan + w->steps; }

/* The features of the tile's points, below the highest degree. */
static void fill(const Work *w, int64_t tile)
{
    const int64_t nv = w->nv;
    for (int64_t v = 0; v < nv; v++) w->F[v] = all(1);
    for (const Step *s = w->plan; s < top(w); s++) {
        const V *x = row(w->x, w, s->variable, tile), *from = w->F + s->source * nv;
        V *to = w->F + s->first * nv, *last = w->F + s->last * nv;
        for (; to < last; to += nv, from += nv)
            for (int64_t v = 0; v < nv; v++) to[v] = from[v] * x[v];
    }
}

/* s = C F for W rows of C, which lie w->r apart, and `rows` features. */
INLINE void product(const int W, const Work *w, const REAL *C, const V *F, int64_t rows, V s[WIDEST][STEP])
{
    for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) s[c][v] = all(0);
    for (int64_t a = 0; a < rows; a++, F += w->nv)
        for (int c = 0; c < W; c++) {
            const V k = all(C[c * w->r + a]);
            for (int v = 0; v < STEP; v++) s[c][v] += k * F[v];
        }
}

/* y = C phi(x) for W rows of C. */
INLINE void values_of(const int W, const Work *w, const REAL *C, int64_t c0, int64_t tile)
{
    for (int64_t v0 = 0; v0 < w->nv; v0 += STEP) {
        V s[WIDEST][STEP];
        product(W, w, C, w->F + v0, w->below, s);
        for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) row(w->y, w, c0 + c, tile)[v0 + v] = s[c][v];
        for (const Step *t = top(w); t < end(w); t++) {
            product(W, w, C + t->first, w->F + t->source * w->nv + v0, t->last - t->first, s);
            const V *x = row(w->x, w, t->variable, tile) + v0;
            for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) row(w->y, w, c0 + c, tile)[v0 + v] += s[c][v] * x[v];
        }
    }
}

/* S += F u^T, lane by lane, for N features and W columns, which lie `apart`. */
INLINE void outer(const int N, const int W, const Work *w, const V *F, const V *u, int64_t apart, V *S)
{
    V s[STEP][WIDEST];
    for (int i = 0; i < N; i++) for (int c = 0; c < W; c++) s[i][c] = S[i * w->m + c];
    for (int64_t v = 0; v < w->nv; v++)
        for (int c = 0; c < W; c++) {
            const V k = u[c * apart + v];
            for (int i = 0; i < N; i++) s[i][c] += F[i * w->nv + v] * k;
        }
    for (int i = 0; i < N; i++) for (int c = 0; c < W; c++) S[i * w->m + c] = s[i][c];
}

INLINE void outers(const int W, const Work *w, const V *F, int64_t rows, const V *u, int64_t apart, V *S)
{
    int64_t a = 0;
    for (; a + STEP <= rows; a += STEP) outer(STEP, W, w, F + a * w->nv, u, apart, S + a * w->m);
    for (; a < rows; a++) outer(1, W, w, F + a * w->nv, u, apart, S + a * w->m);
}

/* S += u phi(x)^T, lane by lane, for W columns. */
INLINE void gather_of(const int W, const Work *w, int64_t c0, int64_t tile)
{
    const int64_t apart = w->b / LANES, nv = w->nv;
    const V *u = row(w->u, w, c0, tile);
    outers(W, w, w->F, w->below, u, apart, w->S + c0);
    for (const Step *t = top(w); t < end(w); t++) {
        const V *x = row(w->x, w, t->variable, tile);
        for (int c = 0; c < W; c++) for (int64_t v = 0; v < nv; v++) w->U[c * nv + v] = u[c * apart + v] * x[v];
        outers(W, w, w->F + t->source * nv, t->last - t->first, w->U, nv, w->S + t->first * w->m + c0);
    }
}

/* H = C^T u for W columns, more for those behind the first: the derivative of u . C phi(x) in each feature that is kept; those
   that are not go back to their sources, and into g. */
INLINE void adjoint_of(const int W, const Work *w, const REAL *C, int64_t c0, int64_t tile)
{
    for (int64_t v0 = 0; v0 < w->nv; v0 += STEP) {
        V u[WIDEST][STEP];
        for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) u[c][v] = row(w->u, w, c0 + c, tile)[v0 + v];
        for (int64_t a = 0; a < w->below; a++) {
            V h[STEP], *H = w->H + a * w->nv + v0;
            for (int v = 0; v < STEP; v++) h[v] = c0 ? H[v] : all(0);
            for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) h[v] += all(C[c * w->r + a]) * u[c][v];
            for (int v = 0; v < STEP; v++) H[v] = h[v];
        }
        for (const Step *t = top(w); t < end(w); t++) {
            V x[STEP], g[STEP], *G = row(w->g, w, t->variable, tile) + v0;
            for (int v = 0; v < STEP; v++) {
                x[v] = row(w->x, w, t->variable, tile)[v0 + v];
                g[v] = c0 ? G[v] : all(0);
            }
            const V *F = w->F + t->source * w->nv + v0;
            V *H = w->H + t->source * w->nv + v0;
            for (int64_t a = t->first; a < t->last; a++, F += w->nv, H += w->nv) {
                V h[STEP];
                for (int v = 0; v < STEP; v++) h[v] = all(0);
                for (int c = 0; c < W; c++) for (int v = 0; v < STEP; v++) h[v] += all(C[c * w->r + a]) * u[c][v];
                for (int v = 0; v < STEP; v++) {
                    g[v] += h[v] * F[v];
                    H[v] += h[v] * x[v];
                }
            }
            for (int v = 0; v < STEP; v++) G[v] = g[v];
        }
    }
}

/* The chain rule backwards through `fill`: a feature is x_c times its source. */
static void sweep(const Work *w, int64_t tile)
{
    const int64_t nv = w->nv;
    for (int64_t v0 = 0; v0 < nv; v0 += STEP)
        for (const Step *s = top(w); s-- > w->plan;) {
            V x[STEP], g[STEP], *G = row(w->g, w, s->variable, tile) + v0;
            for (int v = 0; v < STEP; v++) {
                x[v] = row(w->x, w, s->variable, tile)[v0 + v];
                g[v] = G[v];
            }
            const V *H = w->H + s->first * nv + v0, *last = w->H + s->last * nv + v0, *F = w->F + s->source * nv + v0;
            V *to = w->H + s->source * nv + v0;
            for (; H < last; H += nv, F += nv, to += nv)
                for (int v = 0; v < STEP; v++) {
                    g[v] += H[v] * F[v];
                    to[v] += H[v] * x[v];
                }
            for (int v = 0; v < STEP; v++) G[v] = g[v];
        }
}

/* Columns are taken in parts of about the same width. */
static int width(int64_t left)
{
    const int64_t parts = (left + WIDEST - 1) / WIDEST;
    return (int)((left + parts - 1) / parts);
}

#define EACH(W, call) switch (W) { case 1: call(1); break; case 2: call(2); break; case 3: call(3); break; \
                                   case 4: call(4); break; case 5: call(5); break; default: call(6); }

/* y = C phi(x), for `rows` rows of C. */
void values(const Work *w, int64_t tiles, int64_t rows, const REAL *C)
{
#define CALL(W) values_of(W, w, C + c * w->r, c, tile)
    for (int64_t tile = 0; tile < tiles; tile++) {
        fill(w, tile);
        for (int64_t c = 0; c < rows; c += width(rows - c)) EACH(width(rows - c), CALL)
    }
#undef CALL
}

/* g: the slopes of u . C phi(x) in x. */
void slopes(const Work *w, int64_t tiles, const REAL *C)
{
#define CALL(W) adjoint_of(W, w, C + c * w->r, c, tile)
    for (int64_t tile = 0; tile < tiles; tile++) {
        fill(w, tile);
        for (int64_t c = 0; c < w->m; c += width(w->m - c)) EACH(width(w->m - c), CALL)
        sweep(w, tile);
    }
#undef CALL
}

/* M (m, r) += the lanes of S, which is empty then. */
static void fold(const Work *w, double *M)
{
    for (int64_t a = 0; a < w->r; a++)
        for (int64_t c = 0; c < w->m; c++) {
            V *s = w->S + a * w->m + c;
            double t[BYTES / sizeof(REAL)];
            for (int l = 0; l < LANES; l++) t[l] = (*s)[l];
            for (int h = LANES / 2; h; h /= 2) for (int l = 0; l < h; l++) t[l] += t[l + h];
            M[c * w->r + a] += t[0];
            *s = all(0);
        }
}

/* M (m, r) += u phi(x)^T. */
void gather(const Work *w, int64_t tiles, double *M)
{
#define CALL(W) gather_of(W, w, c, tile - 1)
    for (int64_t i = 0; i < w->r * w->m; i++) w->S[i] = all(0);
    for (int64_t tile = 1; tile <= tiles; tile++) {
        fill(w, tile - 1);
        for (int64_t c = 0; c < w->m; c += width(w->m - c)) EACH(width(w->m - c), CALL)
        if (tile == tiles || (sizeof(REAL) < sizeof(double) && tile * w->nv % FOLD == 0)) fold(w, M);
    }
#undef CALL
}
