//! Who appended how much to a buffer.
use fast_io::Producer;

/// Who appended how much to the buffer.
#[derive(Debug)]
pub(super) struct Tally {
    producer: Producer,
    /// Length of the buffer when `producer` began.
    mark: usize,
    bytes: [u64; Producer::ALL.len()],
}

impl Tally {
    pub fn new(mark: usize) -> Tally {
        Tally { producer: Producer::Greeting, mark, bytes: [0; Producer::ALL.len()] }
    }

    /// Ends the part of the last producer.
    pub fn turn(&mut self, next: Producer, len: usize) {
        self.bytes[self.producer as usize] += len.saturating_sub(self.mark) as u64;
        (self.producer, self.mark) = (next, len);
    }

    /// Who has appended most so far, to a buffer of length `len`.
    pub fn most(&self, len: usize) -> Producer {
        let current = len.saturating_sub(self.mark) as u64;
        let of =
            |p: Producer| self.bytes[p as usize] + if p == self.producer { current } else { 0 };
        Producer::ALL.into_iter().max_by_key(|&p| of(p)).unwrap_or(self.producer)
    }

    /// What was appended, `len` bytes with its framing, and who appended most. Starts over at `mark`.
    pub fn take(
        &mut self,
        len: usize,
        mark: usize,
    ) -> (impl Iterator<Item = (Producer, u64)> + use<>, Producer) {
        let most = self.most(self.mark);
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes[most as usize] += (len as u64).saturating_sub(bytes.iter().sum());
        self.mark = mark;
        let each = Producer::ALL.into_iter().map(move |p| (p, bytes[p as usize]));
        (each.filter(|&(_, n)| n > 0), most)
    }
}
