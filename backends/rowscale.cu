// C = diag(a) · B: one 16-byte vector of C per thread, or one element where the strides allow no vectors.
//
// numba_cuda.py repeats these kernels step by step, on purpose: the same algorithm in two languages is the experiment.
//
// C is walked along its memory as `outer` runs of `inner` elements. BY_ROW: a run is a row and a's index is the outer
// one. Otherwise a run is a column and a's index is the inner one. Index is unsigned int where every thread's first
// element is below 2^31, else unsigned long long. CACHED: C is stored so that it leaves L2 first. All integer arguments
// are 64 bits wide, as CuPy passes Python's.
//
// The products are PTX because CuPy compiles everything with -ftz=true, which would flush float32 subnormals. The
// 16-bit types also need no header then: which toolkit's headers NVRTC finds differs from machine to machine.
// Each is rounded once, to nearest even.

constexpr unsigned LARGEST_BLOCK = 512;

// n / divisor, below 2^31 by the magic and the bits that _walk.divider made of the divisor.
__device__ inline unsigned quotient(unsigned n, unsigned, unsigned magic, unsigned bits) {
    return (__umulhi(n, magic) + n) >> bits;
}
__device__ inline unsigned long long quotient(unsigned long long n, unsigned long long divisor, unsigned, unsigned) {
    return n / divisor;
}

#ifdef __CUDACC__  // the tests' host build brings its own three
__device__ inline float mul_f32(float x, float y) {
    float z;
    asm("mul.rn.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y));
    return z;
}
__device__ inline unsigned mul_f16x2(unsigned x, unsigned y) {
    unsigned z;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(z) : "r"(x), "r"(y));
    return z;
}
__device__ inline unsigned mul_bf16x2(unsigned x, unsigned y) {  // mul.bf16x2 needs sm_90; x·y + -0 is x·y, its sign too
    unsigned z;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(z) : "r"(x), "r"(y), "r"(0x80008000u));
    return z;
}
#endif

// Element: as in memory. Word: what one multiplication takes, two elements in the 16-bit types.
struct float32 {
    using Element = float;
    using Word = float;
    static __device__ Word product(Word x, Word y) { return mul_f32(x, y); }
};
struct float64 {
    using Element = double;
    using Word = double;
    static __device__ Word product(Word x, Word y) { return x * y; }
};
struct float16 {
    using Element = unsigned short;
    using Word = unsigned;
    static __device__ Word product(Word x, Word y) { return mul_f16x2(x, y); }
};
struct bfloat16 {
    using Element = unsigned short;
    using Word = unsigned;
    static __device__ Word product(Word x, Word y) { return mul_bf16x2(x, y); }
};

template <typename T>
constexpr unsigned LANES = 16 / sizeof(typename T::Element);

template <typename T>
union Vector {
    uint4 bits;
    typename T::Element element[LANES<T>];
    typename T::Word word[16 / sizeof(typename T::Word)];
};

template <typename T>
__device__ Vector<T> load(const typename T::Element* aligned) {
    return {*reinterpret_cast<const uint4*>(aligned)};
}

template <typename T, bool CACHED>
__device__ void store(typename T::Element* aligned, Vector<T> v) {
    if (CACHED)
        __stcs(reinterpret_cast<uint4*>(aligned), v.bits);
    else
        *reinterpret_cast<uint4*>(aligned) = v.bits;
}

template <typename T>
__device__ Vector<T> multiply(Vector<T> x, Vector<T> y) {
    for (unsigned w = 0; w < 16 / sizeof(typename T::Word); ++w) x.word[w] = T::product(x.word[w], y.word[w]);
    return x;
}

template <typename T>
__device__ typename T::Element multiply(typename T::Element x, typename T::Element y) {
    return static_cast<typename T::Element>(T::product(x, y));  // the upper half of a 16-bit type's word is 0 · 0
}

// b and out dense and equally far, `shift` elements, past a 16-byte boundary; a contiguous. Vectors start on boundaries:
// on ragged widths one may cross runs, and the first and the last may reach past C. WHOLE: none does either.
template <typename T, typename Index, bool BY_ROW, bool WHOLE, bool CACHED>
__global__ void __launch_bounds__(LARGEST_BLOCK)
    flat(const typename T::Element* __restrict__ a, const typename T::Element* __restrict__ b,
         typename T::Element* __restrict__ out, long long size, long long inner_size, long long shift, long long magic,
         long long bits) {
    const Index begin = WHOLE ? 0 : shift, end = begin + size, run = inner_size;  // counted from the boundary
    const Index position = (static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x) * LANES<T>;
    if (position >= begin && position + LANES<T> <= end) {
        const Index first = position - begin;
        const Vector<T> x = load<T>(b + first);
        Index outer = quotient(first, run, magic, bits), inner = first - outer * run;
        Vector<T> factor;
        if (BY_ROW && (WHOLE || inner + LANES<T> <= run)) {
            const typename T::Element row = a[outer];
            for (unsigned k = 0; k < LANES<T>; ++k) factor.element[k] = row;
        } else if (WHOLE) {
            factor = load<T>(a + inner);
        } else {
            for (unsigned k = 0; k < LANES<T>; ++k) {
                factor.element[k] = a[BY_ROW ? outer : inner];
                if (++inner == run) inner = 0, ++outer;
            }
        }
        store<T, CACHED>(out + first, multiply<T>(factor, x));
    } else if (!WHOLE) {
#pragma unroll 1
        for (Index p = max(position, begin); p < min(position + LANES<T>, end); ++p) {
            const Index e = p - begin;
            const Index outer = quotient(e, run, magic, bits);
            out[e] = multiply<T>(a[BY_ROW ? outer : e - outer * run], b[e]);
        }
    }
}

// Any strides. VECTOR: both inner strides are 1 and every run starts on a 16-byte boundary; a run may end off one.
template <typename T, typename Index, bool BY_ROW, bool VECTOR, bool CACHED>
__global__ void __launch_bounds__(LARGEST_BLOCK)
    strided(const typename T::Element* __restrict__ a, const typename T::Element* __restrict__ b,
            typename T::Element* __restrict__ out, long long outer_size, long long inner_size, long long a_stride,
            long long b_outer, long long b_inner, long long out_outer, long long out_inner, long long magic,
            long long bits) {
    constexpr unsigned STEP = VECTOR ? LANES<T> : 1;
    const Index thread = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
    const Index threads_per_run = (inner_size + STEP - 1) / STEP;
    const Index run = quotient(thread, threads_per_run, magic, bits);
    const long long outer = run, inner = static_cast<long long>(thread - run * threads_per_run) * STEP;
    if (outer >= outer_size) return;
    a += (BY_ROW ? outer : inner) * a_stride;
    b += outer * b_outer + inner * b_inner;
    out += outer * out_outer + inner * out_inner;
    const long long a_step = BY_ROW ? 0 : a_stride;
    if (VECTOR && inner + STEP <= inner_size) {
        const Vector<T> x = load<T>(b);
        Vector<T> factor;
        for (unsigned k = 0; k < LANES<T>; ++k) factor.element[k] = a[k * a_step];
        store<T, CACHED>(out, multiply<T>(factor, x));
    } else {
#pragma unroll 1
        for (long long k = 0; k < STEP && inner + k < inner_size; ++k)
            out[k * out_inner] = multiply<T>(a[k * a_step], b[k * b_inner]);
    }
}
