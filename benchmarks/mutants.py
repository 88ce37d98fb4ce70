"""Mutation testing of the rules that decide about honesty: `make mutants`.

mutmut changes one operator at a time in the modules that `[tool.mutmut]` in
`pyproject.toml` names and runs the tests that reach it. A change no test notices
survives. Of mutmut's operators only those that change a decision are used:
comparisons, arithmetic, `and`/`or`, `not`, `in`, `is`, numbers, `True`/`False`,
both arms of a conditional expression. Changed messages and arguments replaced
by `None` say little about a rule and would hide the rest by their number.

Results stay in `mutants/`: run again, it tests what has changed since.

    python benchmarks/mutants.py [PATTERN ...]    only mutants whose names match, such as `models.fit*`
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from mutmut import __main__ as program
from mutmut.mutation import mutators
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

TARGET = 0.9
OPERATORS = {
    "operator_augmented_assignment",
    "operator_if_exp",
    "operator_keywords",
    "operator_name",
    "operator_number",
    "operator_remove_unary_ops",
    "operator_swap_op",
}
# A test that fails, or that never ends, has noticed.
NOTICED = ("killed", "timeout")


def results(patterns: list[str]) -> Iterator[tuple[str, str, str]]:
    """File, mutant and status of every mutant tested."""
    for path in walk_mutatable_files():
        found = SourceFileMutationData(path=path)
        found.load()
        for name, code in found.exit_code_by_key.items():
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns):
                yield str(path), name, status_by_exit_code[code]


def report(found: list[tuple[str, str, str]]) -> float:
    """Print survivors with what was changed, then the score of every module; returns that of all."""
    for path, name, status in found:
        if status not in NOTICED:
            changed = [line for line in get_diff_for_mutant(name, path=path).splitlines() if line[:1] in "+-"][2:]
            print(f"\n{name}: {status}", *changed, sep="\n  ")
    print()
    for path in sorted({path for path, _, _ in found}):
        mine = [status in NOTICED for one, _, status in found if one == path]
        print(f"{path:<36} {sum(mine):>4} of {len(mine):>4} killed  {sum(mine) / len(mine):.1%}")
    score = sum(status in NOTICED for _, _, status in found) / len(found)
    print(f"{'in all':<36} {score:.1%} (target {TARGET:.0%})")
    return score


def widened(collect: Any) -> Any:
    """`collect_or_load_stats`, after which every test of a file counts as reaching what one of them reaches.

    mutmut notes a test by the functions it calls. What a fixture of a module calls is noted for the first test that
    uses it alone, and the others would never be run.
    """

    def wrapped(*args: Any, **kwargs: Any) -> None:
        collect(*args, **kwargs)
        of_file: dict[str, set[str]] = defaultdict(set)
        for test in state().duration_by_test:
            of_file[test.partition("::")[0]].add(test)
        for reaching in state().tests_by_mangled_function_name.values():
            for file in {test.partition("::")[0] for test in reaching}:
                reaching |= of_file[file]

    return wrapped


def main() -> None:
    """Run mutmut and report; exit status 1 below the target."""
    patterns = sys.argv[1:]
    mutators.mutation_operators[:] = [one for one in mutators.mutation_operators if one[1].__name__ in OPERATORS]
    program.collect_or_load_stats = widened(program.collect_or_load_stats)
    program.run.callback(tuple(patterns), max_children=None)
    if report(list(results(patterns))) < TARGET:
        sys.exit(1)


if __name__ == "__main__":
    main()
