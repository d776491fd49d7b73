"""Reading cubins: SASS of every width, and cubins assembled here from PTX."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

import backends
from suite.cases import HEADLINE
from suite.evidence import cubin
from suite.evidence.devices import Capability


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
    assert cubin.access_bits(line(instruction)) == ({str(bits): 1}, {})
    store = line(instruction.replace("LDGSTS", "STG").replace("LD", "ST"))
    assert cubin.access_bits(store) == ({}, {str(bits): 1})


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
    assert cubin.access_bits(line(instruction)) == ({}, {})


def test_accesses_are_counted_widest_first() -> None:
    text = "".join(
        map(line, ["LDG.E R0, [R2.64]", "LDG.E.128 R4, [R2.64]", "LDG.E.128 R8, [R2.64]", "STG.E [R2.64], R0"])
    )
    loads, stores = cubin.access_bits(text)
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
    ptx, binary = folder / "kernels.ptx", folder / "kernels.cubin"
    ptx.write_text(PTX.format(arch=arch, loads=loads, stores=stores), encoding="utf-8")
    command = [str(tools / "ptxas"), f"-arch=sm_{arch}", str(ptx), "-o", str(binary)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return binary.read_bytes()


def made(binary: bytes, kernel: str) -> backends.Compiled:
    return backends.Compiled(binary, kernel, (4096, 2, 1), (64, 2, 1), dynamic_shared_bytes=512, config="plain")


@pytest.mark.parametrize(("capability", "sms", "max_warps"), [((8, 9), 128, 48), ((9, 0), 132, 64)])
def test_reads_a_cubin(capability: Capability, sms: int, max_warps: int, tmp_path: Path) -> None:
    binary = assemble(10 * capability[0] + capability[1], tmp_path)
    row = cubin.read(made(binary, "copy"), "by_hand", HEADLINE, capability, sms)
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
    row = cubin.read(made(assemble(89, tmp_path), "spilling"), "by_hand", HEADLINE, (8, 9), 128)
    assert row.registers == 24
    assert row.spill_bytes > 0
    assert row.global_load_bits == {"32": 64}  # and none of the reloads


def test_a_kernel_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(cubin.Unreadable, match="no kernel absent"):
        cubin.read(made(assemble(89, tmp_path), "absent"), "by_hand", HEADLINE, (8, 9), 128)


def test_bytes_that_are_no_cubin() -> None:
    bundled_tools()
    with pytest.raises(cubin.Unreadable, match="cannot read the cubin of kernel"):
        cubin.read(made(b"no cubin", "kernel"), "by_hand", HEADLINE, (8, 9), 128)


def test_without_cuobjdump_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(cubin.MissingTool, match="pip install triton"):
        cubin.cuobjdump()
