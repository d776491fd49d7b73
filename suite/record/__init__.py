"""What is written: the typed record of a run, a profile and variants, and the store that reads and writes them.

store         names, reading, writing whole or not at all
packed        the same run in a twentieth of its size, which is how it is published
run           one run: pytest-benchmark's JSON and what diagbench adds to it
group         runs taken at the same time, one per GPU
measurement   one contender in one case and series, or the outcome that stands for a number
machine       what it was measured on
recheck       a few campaigns taken once more
compiled      what compilers made of the kernels
judgement     what is said of a kernel from outside
document      a file of its own beside the runs, as each of these is:
profile       Nsight Compute's counters
scaling       the row-sharded product on several GPUs
variants      what other forms of the tuned kernel gave
mutants       what the judge said of every wrong kernel of the library
nvbench       the same bound launches by NVIDIA's nvbench
sanitizers    what NVIDIA's compute-sanitizer says of each backend's launches
"""
