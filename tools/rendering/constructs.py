"""Renders every construct of constructs.txt with Python's Jinja as `transformers` sets it up, and prints JSON: name, template, result.

    python constructs.py > ../../libs/jinja/test/constructs.json

Needs transformers (5.16 to 5.19 are what vLLM 0.32 allows) and jinja2 3.1.6.
"""
import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
from transformers.utils.chat_template_utils import _compile_jinja_template  # noqa: E402

HERE = pathlib.Path(__file__).parent
VARIABLES = json.loads((HERE / "constructs-variables.json").read_text())


def render(source):
    try:
        return {"text": _compile_jinja_template(source).render(**VARIABLES)}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    out = []
    for number, line in enumerate((HERE / "constructs.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("##"):
            continue
        source = json.loads(f'"{line}"') if line.startswith("\\") else line.replace("\\n", "\n")
        out.append([source, render(source)])
    json.dump({"variables": VARIABLES, "constructs": out}, sys.stdout, ensure_ascii=False, indent=0)
    sys.stdout.write("\n")


main()
