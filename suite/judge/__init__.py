"""A kernel from outside: is it right, where, and how fast, said so that nothing wrong gets through.

    judge's process                                        candidate's process, one per file
      draws inputs ──► memory that the judge owns ◄────────── attaches, imports the file, binds, launches
      reads C, compares, decides                              takes samples with suite.measure's samplers
          └───────── requests and answers in JSON over a socket, each with a time limit ─────────┘

No code of a candidate runs in the judge's process, and nothing that comes from its process is unpickled.

memory          operands that the judge owns and the candidate attaches
processes       processes as Linux lists them
process         a candidate's process: starting, asking, limiting, ending it with all that it started
messages        how the two talk
candidate_side  what runs in the candidate's process; timed_side, its part that takes samples
audit           functions, threads and graphs of the candidate's process, before and after
bound           what a candidate is bound to: sets of operands, a stream
oracle          the product to the bit, and where C departs from it
trial           one set of operands under check
checks          what is checked untimed; timed_checks, what is checked of the times; walks, over changed operands or not
compiled        what its compiler made of it, where the file says how to ask
remote          samplers of the campaign's whose samples come from the candidate's process
judging         the order of the checks, and the Judgement; counters, Nsight Compute's, once it is right
contender       a candidate among the contenders of a run
concurrently    whole backends judged before a run, several at a time
library         the judge itself tried, by every file of the library of mutants
words           the Judgement as one screen
"""
