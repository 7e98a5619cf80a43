"""What can be judged by reading alone: the law of form, who imports whom, and what the READMEs name.

Each check takes the folder of the repository, and raises an AssertionError that lists what is wrong.
`tests.py` counts each as one test.
"""
import ast, io, json, re, statistics, tokenize

# lines, but for columns
COLUMNS, MODULE, FUNCTION, CELL, LARGE, MEDIAN = 110, 300, 50, 40, 25, 15
# families to come, and the name under which VITS checkpoints are published
TO_COME = {"xtts", "indextts", "mms"}
# rooms that must know names: they read and write tokenizer files of published bases, each in its own layout
READERS = ("tokenizer_files", "tiny_tokenizers", "text_tokenizers", "language_tokenizers", "tokenizers")
NAME_FAMILIES = tuple(f"ttsft.families.{room}" for room in READERS)
# variables and attributes that hold a family or a codec, wherever a shared room has one
HOLD_FAMILY = {"family", "fam", "fitted", "tuned", "base", "candidate", "codec", "Family", "Codec"}
PROBES = ("getattr", "hasattr", "isinstance", "issubclass")
FUNCTIONS, COMPREHENSIONS = (ast.FunctionDef, ast.AsyncFunctionDef), (ast.ListComp, ast.SetComp, ast.DictComp,
                                                                     ast.GeneratorExp)

def read(path): return path.read_text(encoding="utf-8") if path.exists() else None
def refuse(faults): assert not faults, f"{len(faults)} breaches\n" + "\n".join(faults)

DOCUMENTED = (ast.Module, *FUNCTIONS, ast.ClassDef)

# progress bars, and paths of somebody's machine
TEACHES_NOTHING = re.compile(r"\d+%\||/(home|root|Users)/|/(tmp|var/folders)/tmp|site-packages/")

# ---- one notebook, one file

def form(path):
    "A notebook keeps the law of form: columns, statements, cells, prose above every definition"
    cells = json.loads(read(path))["cells"]
    faults = [f"cell {c['id']}: {fault}" for c in cells for fault in cell_faults(c)]
    faults += [f"cell {c['id']}: no prose above {', '.join(names)}" for c,names in unexplained(cells)]
    faults += [f"cell {c['id']}: {fault}" for c in cells for fault in output_faults(c)]
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

def output_faults(cell):
    "Stored outputs that teach nothing: progress bars, warnings, errors, paths of one machine"
    for o in cell.get("outputs", ()):
        if o["output_type"]=="error" or o.get("name")=="stderr": yield f"a stored {o.get('name', 'error')}"
        said = json.dumps(o.get("text", o.get("data", {}).get("text/plain", "")))
        if TEACHES_NOTHING.search(said): yield f"stored output: {said[:60]}..."

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
    "A module imports from earlier wings or smaller numbers of its own; a family, from no other's wing"
    found = rooms(root)
    used = [(m, u) for m,(_,code) in found.items() for u in imports(code, m) if u in found]
    wrong = [f"{found[m][0]} imports {found[u][0]}" for m,u in used if not before(found[u][0], found[m][0])]
    assert used, "no module imports another"
    refuse(sorted(wrong))

TRUNKS = ("gpt",) # wings of `5_families` that are no family; families may stand on them

def before(used, user):
    "Whether notebook `user` may import from notebook `used`"
    a, b = used.split("/"), user.split("/")
    if len(a)==1 or len(b)==1: return len(a)==1 and used<user or len(a)==1<len(b)
    if a[0]!=b[0]: return a[0]<b[0]
    if len(a)==len(b)==2: return a[1]<b[1]
    if len(a)==2: return True # a family stands on what all families share
    if len(b)==3 and a[1]!=b[1]: return a[1] in TRUNKS and b[1] not in TRUNKS
    return len(b)==3 and a[2]<b[2]

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
    "(name, syntax trees) of every module and report that may know no family: all but the families' own wings"
    for m,(nb,code) in rooms(root).items():
        if nb.count("/")<2 and m!="ttsft.families.registry": yield m, [ast.parse(code)]
    for p in sorted((root/"nbs"/"reports").glob("*.ipynb")): yield p.stem, [*report_trees(p)]

def report_trees(path):
    "Syntax trees of a report's cells; the parameters' defaults are data, and may name a recipe"
    for c in json.loads(read(path))["cells"]:
        if c["cell_type"]!="code" or "parameters" in c["metadata"].get("tags", []): continue
        lines = "".join(c["source"]).splitlines()
        yield ast.parse("\n".join(line for line in lines if not line.lstrip().startswith(("%", "!"))))

def family_words(root):
    "What a family is called: the keys of the registry's table, read without importing it, and those to come"
    tree = ast.parse(read(root/"ttsft"/"families"/"registry.py"))
    table, = [n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id=="FAMILIES"]
    assert table.keys, "the registry is empty"
    return {k.value for k in table.keys} | TO_COME

def family_names(root):
    "No shared room or report names a family: not in a string, a name or an attribute; docstrings may"
    names, found = family_words(root), set()
    for room,trees in shared_rooms(root):
        found |= {(room, w, n.lineno) for tree in trees for n,text in texts_of(tree)
                  for w in words_of(text) & names}
    faults = [f"{room} line {line}: `{w}`" for room,w,line in sorted(found) if room not in NAME_FAMILIES]
    idle = set(NAME_FAMILIES)-{room for room,_,_ in found}
    refuse(faults + [f"NAME_FAMILIES lists {room}, which names no family" for room in sorted(idle)])

def texts_of(tree):
    "(node, text) of every name and string of a program, its docstrings aside"
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, DOCUMENTED) and n.body
            and isinstance(n.body[0], ast.Expr)}
    for n in ast.walk(tree):
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs: yield n, n.value
        elif isinstance(n, ast.Name): yield n, n.id
        elif isinstance(n, ast.Attribute): yield n, n.attr
        elif isinstance(n, (*FUNCTIONS, ast.ClassDef)): yield n, n.name
        elif isinstance(n, (ast.arg, ast.keyword)): yield getattr(n, "value", n), n.arg or ""
        elif isinstance(n, ast.ImportFrom):
            yield from ((n, f"{n.module} {a.name} {a.asname}") for a in n.names)
        elif isinstance(n, ast.Import): yield from ((n, f"{a.name} {a.asname}") for a in n.names)

def words_of(text):
    "Words of a text or a name: `PocketConfig`, `tiny_pocket` and `pocket-tts` all hold `pocket`"
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}

def family_probes(root):
    "No shared room or report asks what a family has or is; it uses what the protocol declares"
    refuse([f"{room} line {n.lineno}: {ast.unparse(n)[:80]}" for room,trees in shared_rooms(root)
            for tree in trees for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in PROBES
            and HOLD_FAMILY & {name for a in n.args[:2] for name in chain_of(a)}])

def chain_of(node):
    "The names in `a.b.c`, or in the argument of `type(a.b)`"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id=="type" and node.args:
        yield from chain_of(node.args[0])
    while isinstance(node, ast.Attribute):
        yield node.attr
        node = node.value
    if isinstance(node, ast.Name): yield node.id

# ---- READMEs

def wings(root):
    "The folders whose notebooks are exported: one for each stage, and one for each family"
    stages = sorted(p for p in (root/"nbs").iterdir() if re.match(r"\d_", p.name))
    return stages, sorted(p for stage in stages for p in stage.iterdir() if any(p.glob("*.ipynb")))

def map_of_wings(root):
    "The map in nbs/README.md has one row for each wing, in order, linked to the wing's README"
    text = read(root/"nbs"/"README.md")
    rows = re.findall(r"(?m)^\| \[`(\w+)`\]\((\w+)/README\.md\) \| .+ \|$", text)
    stages, _ = wings(root)
    assert stages and rows==[(p.name, p.name) for p in stages], f"the map has {rows}"
    alone = [p.stem for p in (root/"nbs").glob("*.ipynb") if f"`{p.stem}`" not in text]
    assert not alone, f"the map has no word about {', '.join(alone)}"
    assert "(nbs/README.md)" in read(root/"README.md"), "README does not link the map"
    refuse(wide_lines(line for line in text.splitlines() if not line.startswith(("|", "#"))))

def rooms_in_readme(folder):
    "A folder's README names its notebooks, one a line: all of them, no other, and numbered ones in order"
    text, there = read(folder/"README.md"), sorted(p.stem for p in folder.glob("*.ipynb"))
    assert text, f"{folder.name} has no README.md"
    named = re.findall(r"(?m)^(?:- |\| )\[?`([a-z0-9_]+)`", text)
    missing, gone = [n for n in there if n not in named], [n for n in named if n not in there]
    assert there and not missing and not gone, f"not named: {missing}; named and not there: {gone}"
    assert folder.name=="checks" or named==there, f"not in order: {named}"
    refuse(wide_lines(line for line in text.splitlines() if not line.startswith(("|", "#"))))

# ---- pages

# words; the page of all keys is made from the dataclasses, and is as long as they are
FRONT, PAGE, PICTURE = 900, 1500, 150_000
GENERATED = "recipe.md"

def documents(root):
    "README and the pages that stand beside it"
    return [root/"README.md", *sorted((root/"docs").glob("*.md")), root/"CONTRIBUTING.md"]

def size_of_page(path):
    "The front page has at most 900 words, every other page about 1,500"
    n, most = len(read(path).split()), FRONT if path.name=="README.md" else PAGE
    assert path.name==GENERATED or n<=most, f"{path.name} has {n} words, {most} are the limit"

def anchors(text):
    "What the headings of a page are called in links"
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}

def links_of_page(path):
    "Every link of a page leads to a file of the repository, and to a heading where it names one"
    gone = []
    for where in re.findall(r"\]\(([^)\s]+)\)", read(path)):
        if re.match(r"[a-z]+:", where): continue
        name, _, heading = where.partition("#")
        there = (path.parent/name).resolve() if name else path
        if not there.exists() or heading and heading not in anchors(read(there)): gone.append(where)
    assert not gone, f"{path.name} links what is not there: {', '.join(gone)}"

def media_of_pages(root):
    "Pictures and sounds are used by a page, and small; a PNG, and sounds of a few kilobytes"
    text = "".join(read(p) for p in documents(root))
    media = [p for p in (root/"docs").rglob("*") if p.suffix in (".png", ".mp3")]
    assert media, "there are none"
    faults = [f"{p.name} is in no page" for p in media if p.relative_to(root/"docs").as_posix() not in text]
    faults += [f"{p.name} has {p.stat().st_size:,} bytes" for p in media
               if p.stat().st_size>(PICTURE if p.suffix==".png" else 20_000)]
    refuse(faults+[f"{p.name} is none of these" for p in (root/"docs").rglob("*")
                   if p.is_file() and p.suffix not in (".md", ".png", ".mp3")])

# ---- messages

def plain(text):
    "A message without marks, and with single spaces"
    return re.sub(r"[\s`*]+", " ", text).strip(" .,;:").lower()

def messages(root):
    "Every text of the package, with … where a value stands"
    for p in sorted((root/"ttsft").rglob("*.py")):
        for n in ast.walk(ast.parse(read(p))):
            if isinstance(n, ast.JoinedStr):
                yield plain(" … ".join(v.value for v in n.values if isinstance(v, ast.Constant)))
            elif isinstance(n, ast.Constant) and isinstance(n.value, str): yield plain(n.value)

def errors_page(root):
    "Each message in docs/errors.md is one of the package, and stands beside what to do"
    rows = re.findall(r"(?m)^\| (.+?) \| (.*?) \|$", read(root/"docs"/"errors.md"))
    rows = [(said, do) for said,do in rows if said not in ("what is said", "---")]
    known = list(messages(root))
    parts = {said: [plain(part) for part in said.split("…") if plain(part)] for said,_ in rows}
    faults = [f"no such message: {said}" for said,ps in parts.items()
              if not any(all(p in text for p in ps) for text in known)]
    assert len(rows)>=30, f"{len(rows)} messages"
    refuse(faults+[f"nothing to do: {said}" for said,do in rows if len(do)<10 or not parts[said]])
