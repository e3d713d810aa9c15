//! The files behind the recorded captures.

/// The first `len` bytes of the generator whose output was captured.
pub(crate) fn captured_basis(len: usize) -> Vec<u8> {
    let mut x: u32 = 1;
    let step = || {
        x = x.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        (x >> 16) as u8
    };
    std::iter::repeat_with(step).take(len).collect()
}

/// 1500 bytes of the generator with `HELLO` inserted at 700.
pub(crate) fn captured_source() -> Vec<u8> {
    let mut data = captured_basis(1500);
    data.splice(700..700, *b"HELLO");
    data
}
