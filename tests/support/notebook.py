"""Running a notebook's code without Jupyter, which would bring two dozen packages for this alone."""

import ast
import json


def run(path):
    """Execute the code cells in order in one namespace; each cell's last value, None where it has none."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    names, shown = {"__name__": "__main__"}, []
    for place, cell in enumerate(cells):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"<cell {place}>", "exec"), names)
        shown.append(
            None if last is None else eval(compile(ast.Expression(last.value), f"<cell {place}>", "eval"), names)
        )
    return shown, names
