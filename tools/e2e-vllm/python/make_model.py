"""Makes a tiny Llama with random weights around a tokenizer, and two LoRA adapters of it: make_model.py TOKENIZER_FOLDER OUT_FOLDER."""
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

HIDDEN, LAYERS, HEADS, RANK = 128, 2, 2, 8  # heads of 64: what vLLM's attention for CPUs takes
source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
model_folder = out / "model"
model_folder.mkdir(parents=True, exist_ok=True)
for file in source.iterdir():
    shutil.copy(file, model_folder)
tokenizer = json.loads((model_folder / "tokenizer.json").read_text())
words = len(tokenizer["model"]["vocab"]) + len(tokenizer.get("added_tokens", []))
torch.manual_seed(7)
config = LlamaConfig(
    vocab_size=(words + 63) // 64 * 64,
    hidden_size=HIDDEN,
    intermediate_size=2 * HIDDEN,
    num_hidden_layers=LAYERS,
    num_attention_heads=HEADS,
    num_key_value_heads=HEADS,
    max_position_embeddings=8192,
    dtype="float32",
    bos_token_id=None,
    eos_token_id=None,
)
LlamaForCausalLM(config).save_pretrained(model_folder)
for number, name in enumerate(["sql", "poetry"]):
    folder = out / name
    folder.mkdir(exist_ok=True)
    torch.manual_seed(100 + number)
    weights = {}
    for layer in range(LAYERS):
        for part in ["q_proj", "v_proj"]:
            path = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            weights[f"{path}.lora_A.weight"] = torch.randn(RANK, HIDDEN) * 0.3
            weights[f"{path}.lora_B.weight"] = torch.randn(HIDDEN, RANK) * 0.3
    save_file(weights, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(
        json.dumps(
            {
                "peft_type": "LORA",
                "task_type": "CAUSAL_LM",
                "base_model_name_or_path": "tiny",
                "r": RANK,
                "lora_alpha": RANK,
                "lora_dropout": 0.0,
                "bias": "none",
                "target_modules": ["q_proj", "v_proj"],
            }
        )
    )
