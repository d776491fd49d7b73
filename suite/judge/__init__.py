"""A kernel from outside: is it right, where, and how fast, said so that nothing wrong gets through.

    judge's process                                        candidate's process, one per file
      draws inputs ──► memory that the judge owns ◄────────── attaches, imports the file, binds, launches
      reads C, compares, decides                              takes samples with suite.measure's samplers
          └───────── requests and answers in JSON over a socket, each with a time limit ─────────┘

No code of a candidate runs in the judge's process, and nothing that comes from its process is unpickled.

memory          operands that the judge owns and the candidate attaches
process         a candidate's process: starting, asking, limiting, ending it with all that it started
messages        how the two talk
candidate_side  what runs in the candidate's process; timed_side, its part that takes samples
audit           functions, threads and graphs of the candidate's process, before and after
oracle          the product to the bit, and where C departs from it
trial           one set of operands under check
checks          what is checked untimed; timed_checks, what is checked of the times
judging         the order of the checks, and the Judgement
words           the Judgement as one screen
"""
