"""What can be judged by reading alone: the law of form, who imports whom, and what the READMEs name.

Each check takes the folder of the repository, and raises an AssertionError that lists what is wrong.
`tests.py` counts each as one test.
"""
import ast, io, json, re, statistics, tokenize

# lines, but for columns
COLUMNS, MODULE, FUNCTION, CELL, LARGE, MEDIAN = 110, 300, 50, 40, 25, 15
# modules that name families: the table of families, and readers of tokenizers as they are released
NAME_FAMILIES = ("families.registry", "families.tokenizers", "families.tokenizer_files",
                 "families.text_tokenizers", "families.tiny_tokenizers", "families.language_tokenizers")
FUNCTIONS, COMPREHENSIONS = (ast.FunctionDef, ast.AsyncFunctionDef), (ast.ListComp, ast.SetComp, ast.DictComp,
                                                                     ast.GeneratorExp)

def read(path): return path.read_text(encoding="utf-8") if path.exists() else None
def refuse(faults): assert not faults, f"{len(faults)} breaches\n" + "\n".join(faults)

# ---- one notebook, one file

def form(path):
    "A notebook keeps the law of form: columns, statements, cells, prose above every definition"
    cells = json.loads(read(path))["cells"]
    faults = [f"cell {c['id']}: {fault}" for c in cells for fault in cell_faults(c)]
    faults += [f"cell {c['id']}: no prose above {', '.join(names)}" for c,names in unexplained(cells)]
    assert cells, "the notebook is empty"
    refuse(faults)

def cell_faults(cell):
    "What one cell breaks"
    source, code = "".join(cell["source"]), cell["cell_type"]=="code"
    prose = [line for line in source.splitlines() if not line.startswith(("|", "#", "<"))]
    yield from wide_lines(source.splitlines() if code else prose)
    if not code: return
    source = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!", "#|")))
    exported = "".join(cell["source"]).startswith("#| export")
    yield from statement_faults(source, shown=not exported)
    n, names = len(source.splitlines()), definitions(ast.parse(source))
    if exported and n>CELL: yield f"{n} lines, {CELL} are the limit"
    if exported and n>LARGE and len(names)>1:
        yield f"{n} lines hold {', '.join(names)}; one definition a cell"

def wide_lines(lines):
    "Lines with too many columns"
    return [f"{len(line)} columns: {line[:60]}..." for line in lines if len(line)>COLUMNS]

def statement_faults(code, shown=False):
    "Breaches of the law in a program; a last expression that is `shown` may be a comprehension"
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    yield from (f"line {t.start[0]}: a semicolon between statements" for t in tokens
                if t.type==tokenize.OP and t.string==";")
    tree = ast.parse(code)
    last = tree.body[-1] if shown and tree.body else None
    for n in ast.walk(tree):
        if isinstance(n, ast.Expr) and n is not last and isinstance(n.value, COMPREHENSIONS):
            yield f"line {n.lineno}: a comprehension as a statement"
        if isinstance(n, ast.Lambda):
            inner = [m for m in ast.walk(n) if m is not n and isinstance(m, ast.Lambda)]
            yield from (f"line {m.lineno}: a lambda within a lambda" for m in inner)
        if isinstance(n, FUNCTIONS) and (size := n.end_lineno-n.lineno+1)>FUNCTION:
            yield f"`{n.name}` has {size} lines, {FUNCTION} are the limit"

def definitions(tree):
    return [n.name for n in tree.body if isinstance(n, (*FUNCTIONS, ast.ClassDef))]

def unexplained(cells):
    "Exported cells with a definition and no prose in the two cells above; hidden cells do not count"
    seen = [c for c in cells if not "".join(c["source"]).startswith("#| hide")]
    for i,c in enumerate(seen):
        if not "".join(c["source"]).startswith("#| export"): continue
        names = definitions(ast.parse("".join(c["source"])))
        if names and not any(above["cell_type"]=="markdown" for above in seen[max(0, i-2):i]): yield c, names

# ---- the package

def form_of_modules(root):
    "Modules, functions and exported cells are short; no module breaks the law that its notebook keeps"
    faults, sizes = [], []
    for module,(_,code) in rooms(root).items():
        n = len(code.splitlines())
        if n>MODULE: faults.append(f"{module} has {n} lines, {MODULE} are the limit")
        # nbdev wraps `__all__` at a width of its own
        lines = re.sub(r"(?ms)^__all__ = \[.*?\]$", "", code).splitlines()
        faults += [f"{module}: {fault}" for fault in [*statement_faults(code), *wide_lines(lines)]]
        sizes += [len(cell.strip().splitlines()) for cell in re.split(r"(?m)^# %% .*$", code)[2:]]
    middle = statistics.median(sizes)
    if middle>MEDIAN: faults.append(f"the median exported cell has {middle} lines, {MEDIAN} are the limit")
    refuse(faults)

def form_of_scripts(root):
    "The few Python files that no notebook exports keep the same law"
    files = sorted(root.glob("*.py"))
    assert files, "there are none"
    refuse([f"{p.name}: {fault}" for p in files
            for fault in [*statement_faults(read(p)), *wide_lines(read(p).splitlines())]])

def rooms(root):
    "Module -> the path of its notebook below nbs, and its code"
    found = {}
    for p in sorted((root/"ttsft").rglob("*.py")):
        code = read(p)
        if nb := re.search(r"File to edit: (?:\.\./)+nbs/([\w/]+)\.ipynb", code):
            found[".".join(p.relative_to(root).with_suffix("").parts)] = (nb[1], code)
    return found

def order(root):
    "A module imports from earlier wings or smaller numbers of its own, and no other family's wing"
    found = rooms(root)
    used = [(m, u) for m,(_,code) in found.items() for u in imports(code, m) if u in found]
    wrong = [f"{found[m][0]} imports {found[u][0]}" for m,u in used if not before(found[u][0], found[m][0])]
    assert used, "no module imports another"
    refuse(sorted(wrong))

def before(used, user):
    "Whether notebook `user` may import from notebook `used`"
    a, b = used.split("/"), user.split("/")
    if len(a)==1 or len(b)==1: return len(a)==1 and used<user or len(a)==1<len(b)
    if a[0]!=b[0]: return a[0]<b[0]
    if len(a)==len(b)==2: return a[1]<b[1]
    if len(a)==2: return True # a family stands on what all families share
    return len(b)==3 and a[1]==b[1] and a[2]<b[2]

def imports(code, module):
    "Names of the modules of ttsft that `code` of `module` imports, anywhere in it"
    for n in ast.walk(ast.parse(code)):
        if isinstance(n, ast.ImportFrom):
            parents = ".".join(filter(None, [*module.split(".")[:-n.level or None], n.module]))
            base = parents if n.level else n.module
            yield from {base, *(f"{base}.{a.name}" for a in n.names)}
        elif isinstance(n, ast.Import): yield from (a.name for a in n.names)

# ---- families

def shared_rooms(root):
    "Modules outside the wings of the families, with their syntax trees"
    return {m.removeprefix("ttsft."): ast.parse(code) for m,(nb,code) in rooms(root).items()
            if not (nb.startswith("5_families/") and nb.count("/")==2)}

def family_names(root):
    "No shared room imports a family, or names one in its code; docstrings may"
    names = [p.name for p in (root/"nbs"/"5_families").iterdir() if p.is_dir() and any(p.glob("*.ipynb"))]
    word = re.compile(rf"(?<![\w-])({'|'.join(names)})(?![\w-])", re.I)
    faults = [f"{m}, line {n.lineno}: {said}" for m,tree in shared_rooms(root).items()
              if m not in NAME_FAMILIES for n,said in names_in(tree) if word.search(said)]
    assert names, "there are no families"
    refuse(faults)

def names_in(tree):
    "Nodes with what they name: identifiers, imported modules, and texts that are no docstrings"
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for n in ast.walk(tree):
        if isinstance(n, ast.Name): yield n, n.id
        if isinstance(n, ast.Attribute): yield n, n.attr
        if isinstance(n, ast.ImportFrom): yield n, n.module or ""
        if isinstance(n, (ast.Import, ast.ImportFrom)): yield from ((n, a.name) for a in n.names)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in prose: yield n, n.value

def family_probes(root):
    "No shared room asks what a family or a codec is or has: it uses what the protocol declares"
    probes = ("getattr", "hasattr", "isinstance", "issubclass")
    asked = re.compile(r"\b(fam|family|codec|Family|Codec)\b")
    faults = [f"{m}, line {n.lineno}: {ast.unparse(n)}" for m,tree in shared_rooms(root).items()
              for n in ast.walk(tree)
              if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in probes
              and asked.search(" ".join(map(ast.unparse, n.args[:2])))]
    refuse(faults)

# ---- READMEs

def wings(root):
    "The folders whose notebooks are exported: one for each stage, and one for each family"
    stages = sorted(p for p in (root/"nbs").iterdir() if re.match(r"\d_", p.name))
    return stages, sorted(p for stage in stages for p in stage.iterdir() if any(p.glob("*.ipynb")))

def map_of_wings(root):
    "The map in README.md has one row for each wing, in order, linked to the wing's README"
    rows = re.findall(r"(?m)^\| \[`nbs/(\w+)`\]\(nbs/(\w+)/README\.md\) \| .+ \|$", read(root/"README.md"))
    stages, _ = wings(root)
    assert stages and rows==[(p.name, p.name) for p in stages], f"the map has {rows}"
    alone = [p.stem for p in (root/"nbs").glob("*.ipynb") if f"nbs/{p.stem}`" not in read(root/"README.md")]
    assert not alone, f"the map has no word about {', '.join(alone)}"

def rooms_in_readme(folder):
    "A folder's README names its notebooks, one a line: all of them, no other, and numbered ones in order"
    text, there = read(folder/"README.md"), sorted(p.stem for p in folder.glob("*.ipynb"))
    assert text, f"{folder.name} has no README.md"
    named = re.findall(r"(?m)^(?:- |\| )\[?`([a-z0-9_]+)`", text)
    missing, gone = [n for n in there if n not in named], [n for n in named if n not in there]
    assert there and not missing and not gone, f"not named: {missing}; named and not there: {gone}"
    assert folder.name=="checks" or named==there, f"not in order: {named}"
    refuse(wide_lines(line for line in text.splitlines() if not line.startswith(("|", "#"))))
