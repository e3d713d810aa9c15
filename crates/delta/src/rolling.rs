//! The rolling checksum (spec chapter 03, Rolling checksum).
/// Rolling sum of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rolling {
    /** Sum of bytes. */
    pub s1: u32,
    /** Sum of running sums. */
    pub s2: u32,
}
impl Rolling {
    /// The sum of `data`.
    pub fn of(data: &[u8]) -> Self {
        let _ = data;
        todo!()
    }
    /// The 32-bit value.
    pub fn value(self) -> u32 {
        (self.s1 & 0xffff) | (self.s2 << 16)
    }
    /// Slides a window of `len` bytes by one: `out` leaves, `inn` enters.
    pub fn slide(&mut self, len: u32, out: u8, inn: u8) {
        let _ = (len, out, inn);
        todo!()
    }
    /// Shrinks a window of `len` bytes from the left.
    pub fn shrink(&mut self, len: u32, out: u8) {
        let _ = (len, out);
        todo!()
    }
}
