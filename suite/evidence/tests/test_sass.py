"""Reading cubins: SASS of every width, cubins assembled here from PTX, the command, and the catalogue's own kernels.

What compiles a backend runs in a process of its own, without the simulators that the other tests may run under.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest

import backends
from suite.cases import HEADLINE, ITEMSIZE, Case
from suite.evidence import sass
from suite.evidence.devices import Capability
from suite.record.compiled import Compiled
from suite.record.run import Run

ROOT = Path(__file__).parents[3]


def line(instruction: str) -> str:
    return f"        /*0a40*/                   {instruction} ;    /* 0x0000100004047981 */\n"


@pytest.mark.parametrize(
    ("instruction", "bits"),
    [
        ("LDG.E R0, [R2.64]", 32),
        ("LDG.E.64 R2, [R2.64]", 64),
        ("LDG.E.128 R4, [R2.64]", 128),
        ("LDG.E.ENL2.256 R12, R8, desc[UR4][R2.64]", 256),
        ("LDG.E.U16 R4, [R2.64]", 16),
        ("LDG.E.S16 R4, [R2.64]", 16),
        ("LDG.E.U8 R4, [R2.64]", 8),
        ("LDG.E.S8 R4, [R2.64]", 8),
        ("LDG.E.CONSTANT R15, [R2.64+0x1000]", 32),
        ("LDG.E.128.CONSTANT R4, desc[UR6][R2.64]", 128),
        ("LDG.E.EF.128 R4, [R2.64]", 128),
        ("LDG.E.EL.LTC128B.64 R4, [R2.64]", 64),
        ("LDG.E.LTC128B R4, [R2.64]", 32),
        ("LDG.E.LTC128B.U8.CONSTANT R13, [R2.64+0x2001]", 8),
        ("LDG.E.U16.STRONG.GPU R11, desc[UR6][R2.64+0x2000]", 16),
        ("@P0 LDG.E.128 R4, [R2.64]", 128),
        ("@!P3 LDG.E.NA.LTC256B.128 R4, [R2.64]", 128),
        ("@!UPT LDG.E R4, [R2.64]", 32),
        ("LDGSTS.E.BYPASS.LTC128B.128 [R5], [R2.64]", 128),
        ("LD.E.64 R4, [R2.64]", 64),
    ],
)
def test_width_of_a_load(instruction: str, bits: int) -> None:
    assert sass.access_bits(line(instruction)) == ({str(bits): 1}, {})
    store = line(instruction.replace("LDGSTS", "STG").replace("LD", "ST"))
    assert sass.access_bits(store) == ({}, {str(bits): 1})


@pytest.mark.parametrize(
    "instruction",
    [
        "LDL.64 R2, [R1]",
        "STL [R1], R2",
        "LDS.128 R4, [R2]",
        "STS [R2], R4",
        "LDC R1, c[0x0][0x28]",
        "ULDC.64 UR4, c[0x0][0x118]",
        "LDSM.16.M88.4 R4, [R2]",
        "MOV R1, c[0x0][0x28]",
    ],
)
def test_other_memory_is_not_global(instruction: str) -> None:
    assert sass.access_bits(line(instruction)) == ({}, {})


def test_accesses_are_counted_widest_first() -> None:
    text = "".join(
        map(line, ["LDG.E R0, [R2.64]", "LDG.E.128 R4, [R2.64]", "LDG.E.128 R8, [R2.64]", "STG.E [R2.64], R0"])
    )
    loads, stores = sass.access_bits(text)
    assert list(loads.items()) == [("128", 2), ("32", 1)]
    assert stores == {"32": 1}


PTX = """
.version 8.4
.target sm_{arch}
.address_size 64
.visible .entry copy(.param .u64 source, .param .u64 target)
{{
    .reg .b64 %rd<3>;
    .reg .b32 %r<8>;
    .shared .align 16 .b8 scratch[2048];
    ld.param.u64 %rd1, [source];
    ld.param.u64 %rd2, [target];
    cvta.to.global.u64 %rd1, %rd1;
    cvta.to.global.u64 %rd2, %rd2;
    ld.global.cs.v4.u32 {{%r1, %r2, %r3, %r4}}, [%rd1];
    ld.global.nc.u32 %r5, [%rd1+16];
    st.shared.u32 [scratch], %r5;
    bar.sync 0;
    ld.shared.u32 %r6, [scratch+4];
    st.global.cs.v4.u32 [%rd2], {{%r1, %r2, %r3, %r6}};
    st.global.v2.u32 [%rd2+16], {{%r1, %r5}};
    ret;
}}
.visible .entry other(.param .u64 target)
{{
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [target];
    st.global.u8 [%rd1], 0;
    ret;
}}
.visible .entry spilling(.param .u64 data)
.maxnreg 24
{{
    .reg .b64 %rd<2>;
    .reg .b32 %r<64>;
    ld.param.u64 %rd1, [data];
    {loads}
    {stores}
    ret;
}}
"""


def bundled_tools() -> Path:
    triton = importlib.util.find_spec("triton")
    if triton is None or triton.origin is None:
        pytest.skip("needs triton, whose wheel carries ptxas and cuobjdump")
    return Path(triton.origin).parent / "backends/nvidia/bin"


def assemble(arch: int, folder: Path) -> bytes:
    """A cubin of PTX by Triton's ptxas."""
    tools = bundled_tools()
    loads = "\n".join(f"ld.volatile.global.u32 %r{i}, [%rd1+{4 * i}];" for i in range(64))
    stores = "\n".join(f"st.volatile.global.u32 [%rd1+{4 * i}], %r{63 - i};" for i in range(64))
    ptx, cubin = folder / "kernels.ptx", folder / "kernels.cubin"
    ptx.write_text(PTX.format(arch=arch, loads=loads, stores=stores), encoding="utf-8")
    command = [str(tools / "ptxas"), f"-arch=sm_{arch}", str(ptx), "-o", str(cubin)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return cubin.read_bytes()


def made(cubin: bytes, kernel: str) -> backends.Compiled:
    return backends.Compiled(cubin, kernel, (4096, 2, 1), (64, 2, 1), dynamic_shared_bytes=512, config="plain")


@pytest.mark.parametrize(("capability", "sms", "max_warps"), [((8, 9), 128, 48), ((9, 0), 132, 64)])
def test_reads_a_cubin(capability: Capability, sms: int, max_warps: int, tmp_path: Path) -> None:
    cubin = assemble(10 * capability[0] + capability[1], tmp_path)
    row = sass.read(made(cubin, "copy"), "by_hand", HEADLINE, capability, sms)
    assert (row.backend, row.case, row.compute_capability) == ("by_hand", HEADLINE.id, capability)
    assert (row.grid, row.block, row.warps_per_block) == ((4096, 2, 1), (64, 2, 1), 4)
    assert row.global_load_bits == {"128": 1, "32": 1}
    assert row.global_store_bits == {"128": 1, "64": 1}
    assert row.shared_bytes == 2048 + 512  # static and dynamic, without the 1 KiB that belongs to the system
    assert row.spill_bytes == 0
    assert 8 <= row.registers <= 32
    assert (row.active_warps, row.max_warps, row.occupancy) == (max_warps, max_warps, 1.0)
    assert row.waves == pytest.approx(8192 / (max_warps // 4 * sms))


def test_spills_are_local_memory(tmp_path: Path) -> None:
    row = sass.read(made(assemble(89, tmp_path), "spilling"), "by_hand", HEADLINE, (8, 9), 128)
    assert row.registers == 24
    assert row.spill_bytes > 0
    assert row.global_load_bits == {"32": 64}  # and none of the reloads


def test_a_kernel_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(sass.Unreadable, match="no kernel absent"):
        sass.read(made(assemble(89, tmp_path), "absent"), "by_hand", HEADLINE, (8, 9), 128)


def test_bytes_that_are_no_cubin() -> None:
    bundled_tools()
    with pytest.raises(sass.Unreadable, match="cannot read the cubin of kernel"):
        sass.read(made(b"no cubin", "kernel"), "by_hand", HEADLINE, (8, 9), 128)


def test_without_cuobjdump_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(sass.MissingTool, match="pip install triton"):
        sass.cuobjdump()


@pytest.mark.parametrize(
    ("error", "kind", "case"),
    [
        (ModuleNotFoundError("No module named 'triton'"), "unavailable", None),
        (backends.Unsupported("no float64"), "unsupported", HEADLINE.id),
        (RuntimeError("ptxas\nfailed"), "crashed", HEADLINE.id),
    ],
)
def test_what_does_not_compile_is_an_outcome(
    error: Exception, kind: str, case: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(backends, "compile_for", fail)
    entry = backends.find(["triton_tuned"])
    compiled, outcomes = sass.compile_all(entry, [HEADLINE], (8, 9))
    assert compiled == []
    assert [(outcome.backend, outcome.kind, outcome.case) for outcome in outcomes] == [("triton_tuned", kind, case)]
    assert "\n" not in outcomes[0].reason
    monkeypatch.setattr(sass, "cuobjdump", lambda: "cuobjdump")
    for name in sass.SIMULATORS:
        monkeypatch.delenv(name, raising=False)
    assert sass.main(["--backends", "triton_tuned"]) == (1 if kind == "crashed" else 0)


def test_a_missing_library_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "compile_for", lambda *_: __import__("no_such_library"))
    _, outcomes = sass.compile_all(backends.find(["numba_cuda"]), [HEADLINE] * 3, (8, 9))
    assert [outcome.reason for outcome in outcomes] == ["No module named 'no_such_library'"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--capability", "1.3"], "unknown compute capability 1.3; choose from 8.0, 8.6, 8.9, 9.0, 10.0, 12.0"),
        (["--capability", "sm_89"], "unknown compute capability sm_89"),
        (["--capability", "8.6"], "no device of compute capability 8.6 is known here"),
        (["--case", "4096"], "not a case id: '4096'"),
        (["--case", "64x64-float32-column_major"], "only contiguous operands"),
        (["--case", "0x64-float32-contiguous"], "0x64-float32-contiguous holds no element"),
        (["--sms", "0"], "a device has 1 SM or more, not 0"),
        (["--json", "no/such/folder/file.json"], "no folder no/such/folder to write file.json to"),
        (["--dtype", "int8"], "unknown dtype int8; choose from float32"),
        (["--backends", "none_such"], "unknown backend none_such; choose from"),
        (
            ["--backends", "torch_broadcast"],
            "torch_broadcast cannot compile without a device; choose from triton_tuned",
        ),
    ],
)
def test_a_request_that_cannot_be_served_is_one_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in sass.SIMULATORS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sass, "cuobjdump", lambda: "cuobjdump")
    assert sass.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize("name", sass.SIMULATORS)
def test_simulators_are_refused(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(name, "1")
    assert sass.main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in sass.SIMULATORS}
    return subprocess.run(
        [sys.executable, "-m", "suite.evidence.sass", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The catalogue at the headline shape in every dtype on compute capability 8.9, as the command writes it."""
    file = tmp_path_factory.mktemp("evidence") / "ada.json"
    done = command("--capability", "8.9", "--json", str(file))
    assert done.returncode == 0, done.stderr
    run = Run.model_validate_json(file.read_text(encoding="utf-8"))
    assert all(result.backend in done.stdout for result in run.compiled + run.outcomes)
    return run


def row_of(run: Run, backend: str, dtype: str = "float32") -> Compiled:
    case = Case(HEADLINE.rows, HEADLINE.cols, dtype).id
    for outcome in run.outcomes:
        if outcome.backend == backend:
            assert outcome.kind == "unavailable", outcome.reason
            pytest.skip(outcome.reason)
    return next(row for row in run.compiled if (row.backend, row.case) == (backend, case))


def test_the_untuned_tile_fills_a_sixth_of_an_ada_sm(ada: Run) -> None:
    row = row_of(ada, "triton_baseline_mended")
    assert (row.active_warps, row.max_warps, row.limiter) == (8, 48, "registers")


NARROW = ("triton_baseline_mended", "warp_tile")  # Warp's tiles are accessed an element at a time
TUNED = [entry.name for entry in backends.CATALOGUE if entry.compiles and entry.name not in NARROW]


@pytest.mark.parametrize("dtype", ITEMSIZE)
@pytest.mark.parametrize("backend", TUNED)
def test_tuned_kernels_move_16_bytes_at_a_time_and_fill_the_sm(ada: Run, backend: str, dtype: str) -> None:
    row = row_of(ada, backend, dtype)
    assert set(row.global_store_bits) == {"128"}
    assert "128" in row.global_load_bits
    assert row.spill_bytes == 0
    assert row.occupancy == 1.0
    threads = prod(row.grid) * prod(row.block)
    assert threads * 16 == HEADLINE.rows * HEADLINE.cols * ITEMSIZE[dtype]  # one vector each, none masked off


EVERY_CONFIG = """
import json
from backends import _triton_compile as triton_compile, triton_tuned
from suite.evidence import sass
from suite.evidence.occupancy import occupancy
configs, found = triton_tuned.scale_flat.configs, {}
for config in configs:
    triton_tuned.scale_flat.configs = [config]
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        for cols in (4096, 4097):
            made = triton_compile.compile_plan(triton_tuned.plan, 4096, cols, dtype, (8, 9))
            text = sass.disassemble(made.cubin, made.kernel)
            registers, local, shared = sass.resources(text, made.kernel, (8, 9))
            held = occupancy((8, 9), made.block[0], registers, shared + made.dynamic_shared_bytes)
            found[f"{dtype} {cols} {made.config}"] = [*sass.access_bits(text), local, held.fraction]
print(json.dumps(found))
"""


def in_a_compiling_process(code: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if name not in sass.SIMULATORS}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_config_of_the_tuned_kernel_moves_16_bytes_and_fills_the_sm() -> None:
    """Also on ragged widths, whose last block alone stores element by element."""
    pytest.importorskip("triton")
    found = in_a_compiling_process(EVERY_CONFIG)
    assert len(found) == 24
    for name, (loads, stores, local_bytes, occupancy) in found.items():
        assert "128" in loads, name
        assert "128" in stores, name
        assert (local_bytes, occupancy) == (0, 1.0), name


SHIFTED = """
import json, torch
from backends import _triton_compile as triton_compile, triton_tuned
from suite.evidence import sass
accesses = {}
for dtype in ("float32", "float16", "bfloat16", "float64"):
    flat = torch.empty(4096 * 4096 + 1, dtype=getattr(torch, dtype))
    b = flat[1:].view(4096, 4096)  # aligned buffers begin on 16-byte boundaries, so this does not
    made = triton_compile.compile_plan(lambda *_: triton_tuned.plan(b[:, 0], b, b), 4096, 4096, dtype, (8, 9))
    accesses[dtype] = [made.config, *sass.access_bits(sass.disassemble(made.cubin, made.kernel))]
print(json.dumps(accesses))
"""


def test_operands_off_a_boundary_alike_are_still_moved_16_bytes_at_a_time() -> None:
    pytest.importorskip("triton")
    for dtype, (form, loads, stores) in in_a_compiling_process(SHIFTED).items():
        assert "shifted by 1" in form, dtype
        assert "128" in loads, dtype
        assert "128" in stores, dtype
