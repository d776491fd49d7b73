"""The row-sharded product on several devices: does it scale, and what does leaving one device cost?

__main__   `tox -e scaling`: the ranks' launcher, and a rank
cases      what is measured
mesh       what ranks have in common, and what they say to each other
contenders the product on one rank's shard, checked there
costs      what leaving one device costs beside the product
timed      samples of all ranks together and of one alone, interleaved
measure    all cases, into a document
"""
