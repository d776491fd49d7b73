// Runs kernels of rowscale.cu on the host, one thread after the other. Each job on stdin is a line and three storages:
//     KERNEL|BLOCKS THREADS, then bytes and offset of a, of b and of out, then the kernel's integers
// The storages' bytes follow the line; out's storage comes back on stdout. Storages are allocated to the byte, so that
// the address sanitizer sees every access outside of one.
#include "host_cuda.h"

#include "../rowscale.cu"

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

using Kernel = std::function<void(const char* a, const char* b, char* out, const long long* n)>;
static std::map<std::string, Kernel> kernels;

template <typename T, typename Index, bool BY_ROW, bool FORM, bool CACHED>
void enlist(const std::string& dtype, const std::string& index) {
    using E = typename T::Element;
    std::string parameters = "<" + dtype + ", " + index;
    for (const bool flag : {BY_ROW, FORM, CACHED}) parameters += ", " + std::to_string(flag);
    kernels["flat" + parameters + ">"] = [](const char* a, const char* b, char* out, const long long* n) {
        flat<T, Index, BY_ROW, FORM, CACHED>((const E*)a, (const E*)b, (E*)out, n[0], n[1], n[2], n[3], n[4]);
    };
    kernels["strided" + parameters + ">"] = [](const char* a, const char* b, char* out, const long long* n) {
        strided<T, Index, BY_ROW, FORM, CACHED>((const E*)a, (const E*)b, (E*)out, n[0], n[1], n[2], n[3], n[4], n[5],
                                                n[6], n[7], n[8]);
    };
}

template <typename T, typename Index, bool BY_ROW, bool FORM>
void enlist_either(const std::string& dtype, const std::string& index) {
    enlist<T, Index, BY_ROW, FORM, false>(dtype, index);
    enlist<T, Index, BY_ROW, FORM, true>(dtype, index);
}

template <typename T, typename Index>
void enlist_index(const std::string& dtype, const std::string& index) {
    enlist_either<T, Index, false, false>(dtype, index);
    enlist_either<T, Index, false, true>(dtype, index);
    enlist_either<T, Index, true, false>(dtype, index);
    enlist_either<T, Index, true, true>(dtype, index);
}

template <typename T>
void enlist_all(const std::string& dtype) {
    enlist_index<T, unsigned>(dtype, "unsigned");
    enlist_index<T, unsigned long long>(dtype, "unsigned long long");
}

struct Storage {
    size_t bytes, offset;
    std::unique_ptr<char[]> memory;

    explicit Storage(std::istream& line) { line >> bytes >> offset; }
    void read() {
        memory.reset(new char[bytes]);
        std::cin.read(memory.get(), bytes);
    }
    char* begin() const { return memory.get() + offset; }
};

int main() {
    enlist_all<float32>("float32");
    enlist_all<float64>("float64");
    enlist_all<float16>("float16");
    enlist_all<bfloat16>("bfloat16");
    for (std::string name, rest; std::getline(std::cin, name, '|') && std::getline(std::cin, rest);) {
        std::istringstream line(rest);
        unsigned blocks;
        line >> blocks >> blockDim.x;
        Storage a(line), b(line), out(line);
        long long n[9] = {};
        for (int i = 0; line >> n[i];) ++i;
        a.read(), b.read(), out.read();
        const Kernel& kernel = kernels.at(name);
        for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
            for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x) kernel(a.begin(), b.begin(), out.begin(), n);
        std::cout.write(out.memory.get(), out.bytes);
    }
}
