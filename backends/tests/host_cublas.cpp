// The few cuBLAS entry points that cublas_dgmm.py calls, on host memory and with cuBLAS's semantics. Matrices are
// column-major; from the left C = diag(x) A, from the right A diag(x); x is gathered with the stride incx.
#include <cstdint>

struct Context {
    void* stream = nullptr;
};
using Handle = Context*;
enum Status { success = 0, not_initialized = 1, invalid_value = 7, execution_failed = 13 };

static void* used = nullptr;
static int fail_next = 0;

extern "C" void fail_with(int status) { fail_next = status; }
extern "C" void* stream_used() { return used; }

extern "C" int cublasCreate_v2(Handle* handle) {
    *handle = new Context;
    return success;
}

extern "C" int cublasSetStream_v2(Handle handle, void* stream) {
    if (!handle) return not_initialized;
    handle->stream = stream;
    return success;
}

extern "C" const char* cublasGetStatusString(int status) {
    if (status == invalid_value) return "an invalid value";
    return status == execution_failed ? "the execution failed" : "another status";
}

template <typename T>
static int dgmm(Handle handle, int side, int64_t m, int64_t n, const T* a, int64_t lda, const T* x, int64_t incx, T* c,
                int64_t ldc) {
    if (!handle) return not_initialized;
    if (fail_next) return fail_next;
    const int64_t least = m > 1 ? m : 1;
    if (m < 0 || n < 0 || side < 0 || side > 1 || lda < least || ldc < least) return invalid_value;
    used = handle->stream;
    for (int64_t j = 0; j < n; ++j)
        for (int64_t i = 0; i < m; ++i) c[i + j * ldc] = x[(side ? j : i) * incx] * a[i + j * lda];
    return success;
}

extern "C" int cublasSdgmm_64(Handle handle, int side, int64_t m, int64_t n, const float* a, int64_t lda,
                              const float* x, int64_t incx, float* c, int64_t ldc) {
    return dgmm(handle, side, m, n, a, lda, x, incx, c, ldc);
}

extern "C" int cublasDdgmm_64(Handle handle, int side, int64_t m, int64_t n, const double* a, int64_t lda,
                              const double* x, int64_t incx, double* c, int64_t ldc) {
    return dgmm(handle, side, m, n, a, lda, x, incx, c, ldc);
}
