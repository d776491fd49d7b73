// What rowscale.cu needs of CUDA, for a host compiler: the keywords, the built-in types and variables, the arithmetic.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#define __device__
#define __global__
#define __launch_bounds__(threads)

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

struct Index1 {
    unsigned x;
};
static Index1 blockIdx, threadIdx, blockDim;

using std::max;
using std::min;

inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned long long)x * y >> 32; }
inline void __stcs(uint4* address, uint4 value) { *address = value; }

inline float mul_f32(float x, float y) { return x * y; }

// A 16-bit type with `precision` significant bits, the implicit one included, and 2^lowest its smallest subnormal.
struct Format {
    int precision, lowest;
    unsigned infinity;

    float widen(unsigned bits) const {
        const int exponent = (bits & infinity) >> (precision - 1), fraction = bits & ((1 << (precision - 1)) - 1);
        float magnitude = std::ldexp(float((1 << (precision - 1)) + fraction), exponent - 1 + lowest);
        if (exponent == 0) magnitude = std::ldexp(float(fraction), lowest);
        if ((bits & infinity) == infinity) magnitude = fraction ? NAN : INFINITY;
        return bits & 0x8000 ? -magnitude : magnitude;
    }

    unsigned narrow(float x) const {  // to nearest even
        const unsigned sign = std::signbit(x) ? 0x8000 : 0;
        if (std::isnan(x)) return 0x7fff;
        if (std::isinf(x)) return sign | infinity;
        if (x == 0) return sign;
        int exponent;
        std::frexp(x, &exponent);
        const int unit = max(exponent - precision, lowest);
        const int significand = std::nearbyint(std::ldexp(std::fabs(x), -unit));
        const int bits = ((unit - lowest + 1) << (precision - 1)) + significand - (1 << (precision - 1));
        return sign | min(unsigned(bits), infinity);
    }

    unsigned product_of_pairs(unsigned x, unsigned y) const {  // float holds each product well enough: see matrix.py
        return narrow(widen(x & 0xffff) * widen(y & 0xffff)) | narrow(widen(x >> 16) * widen(y >> 16)) << 16;
    }
};

inline unsigned mul_f16x2(unsigned x, unsigned y) { return Format{11, -24, 0x7c00}.product_of_pairs(x, y); }
inline unsigned mul_bf16x2(unsigned x, unsigned y) { return Format{8, -133, 0x7f80}.product_of_pairs(x, y); }
