"""An engine of the zoo as a program: python run.py NAME INSTANCE OUTPUT [npy]."""
import importlib.util
import sys
from pathlib import Path

import numpy as np

spec = importlib.util.spec_from_file_location("zoo", Path(__file__).with_name("zoo.py"))
assert spec and spec.loader
zoo = importlib.util.module_from_spec(spec)
spec.loader.exec_module(zoo)

name, source, target = sys.argv[1:4]
arrays = np.load(source)
order = sum(key.startswith("k") for key in arrays)
keys, values = ([arrays[f"{letter}{s}"] for s in range(1, order + 1)] for letter in "kv")
out = getattr(zoo, name)(arrays["q"], keys, values)
if sys.argv[4:]: np.save(target, out)
else: np.savez(target, out=out)
