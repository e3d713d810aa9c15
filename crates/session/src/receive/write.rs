//! What an answer's data are written into: a temporary file, or a file in place.
use super::{
    attrs::{Times, about},
    finish::{Filled, Goal, Kept, Spot, keep_partial},
    fuzzy,
    receiver::{Receiver, Target},
    shared::{Event, Transfer},
    temp_dir::{TempDir, create_temp},
};
use crate::{
    Error,
    log::{Class, named},
    settings::Append,
};
use delta::checksum::{Checksum, FileHasher};
use fast_io::RecvHalf;
use fsroot::{FileWriter, Kind, Root, Stat, TempFile, meta};
use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use wire::{
    compat::CompatFlags,
    item::{Item, basis},
    sums::SumHead,
};

/// From this length on an interrupted file is worth keeping when a signal ends the process (`--partial`).
const PARTIAL_FLOOR: u64 = 128 * 1024;
/// What is there already is hashed in pieces of this size.
const HASH_PIECE: usize = 256 * 1024;

/// An answer with data, and what it answers.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub t: &'a Target,
    pub item: &'a Item,
    pub request: &'a Transfer,
    pub head: &'a SumHead,
    /// Where in the stream it begins.
    pub began: u64,
}

impl Answer<'_> {
    /// It may repeat blocks of a similar file.
    fn builds_on_similar(&self) -> bool {
        self.request.basis >= basis::FUZZY && self.head.count > 0
    }
}

/// Where data go.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sink<'a> {
    /// `None`: everything is parsed and dropped.
    pub file: Option<&'a File>,
    /// Where matched blocks come from.
    pub basis: Option<&'a File>,
    /// The output is the basis.
    pub in_place: bool,
    /// The output is a device.
    pub device: bool,
    /// Bytes at the beginning that stay (`--append`).
    pub kept: u64,
    /// Set once something has arrived that the basis did not have.
    pub fresh: Option<&'a AtomicBool>,
}

impl Sink<'_> {
    /// How much of the basis there is. That of a device does not stand in its metadata.
    pub fn basis_len(&self) -> u64 {
        match self.basis {
            Some(_) if self.device => u64::MAX,
            Some(basis) => basis.metadata().map_or(0, |m| m.len()),
            None => 0,
        }
    }
}

/// What the generator is to be told of a file (`None`: nothing yet).
pub(super) type Outcome = Option<Event>;

impl<R: RecvHalf> Receiver<R> {
    /// The writer of a file, and the hasher if there is something to check. What stays of the file is behind both.
    pub(super) fn begin_output(
        &mut self,
        t: &Target,
        sink: &Sink<'_>,
    ) -> (FileWriter, Option<FileHasher>) {
        let settings = &self.session.settings;
        let spec = &self.session.transfer_sum;
        let mut writer = match sink.device {
            true => FileWriter::for_device(settings.sparse),
            false => FileWriter::new(settings.sparse, sink.in_place).expect(t.want.len),
        };
        let Some(file) = sink.file else { return (writer, None) };
        if settings.preallocate
            && let Err(e) = writer.preallocate(file, t.want.len)
        {
            let shown = self.root.as_ref().map_or(t.name.clone(), |root| root.quoted(&t.path));
            self.attrs.log.sys_error(Class::Warning, about("do_fallocate", &shown, ""), &e);
        }
        let mut hasher = (spec.algo != Checksum::None).then(|| FileHasher::transfer(spec));
        writer.skip(sink.kept);
        let covered = settings.append == Append::Verify || !self.session.protocol.has_varints();
        if let (Some(hasher), Some(basis), true) = (&mut hasher, sink.basis, covered) {
            hash_start(hasher, basis, sink.kept);
        }
        (writer, hasher)
    }

    /// A basis that is neither what the destination holds nor a part of it.
    fn basis_elsewhere(&mut self, answer: &Answer<'_>) -> Option<File> {
        let Answer { t, item, request, .. } = *answer;
        let dirs = self.alt_dirs.as_mut();
        let (root, path) = match request.basis {
            number if number < basis::DEST => (dirs?.root(number)?, t.path.clone()),
            kind if kind >= basis::FUZZY => {
                // The name is the one that was asked for, or stands in a batch.
                fuzzy::locate(self.root.as_mut()?, dirs, kind, &t.path, item.xname.as_deref()?)?
            }
            _ => return None,
        };
        root.open_read(&path).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file()))
    }

    /// The similar file that the sums are of is no longer there: what was made of it is dropped, and asked for again.
    fn without_similar(&mut self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        self.take(answer, &Sink::default())?;
        Ok(Some(self.mismatch(answer.t, answer.request, Kept::Aside)))
    }

    /// Parses the data of a file that cannot be written.
    fn discard(&mut self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        self.take(answer, &Sink::default())?;
        Ok(Some(Event::Failed(answer.t.ndx)))
    }

    /// Whether there is a directory in the place of the file that the generator saw: it stays. Where there was nothing, the file
    /// does not get its name either.
    fn is_occupied(&mut self, t: &Target, request: &Transfer) -> bool {
        let Some(root) = self.root.as_mut().filter(|_| request.old_perm.is_some()) else {
            return false;
        };
        let occupied = root.lstat(&t.path).is_ok_and(|st| st.kind == Kind::Directory);
        if occupied {
            let text = about("recv_files:", &root.quoted(&t.path), " is a directory");
            self.attrs.log.error_xfer(text);
        }
        occupied
    }

    /// Opens basis and output, takes the data, verifies and installs it.
    pub(super) fn write_file(&mut self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let Answer { t, request, head, .. } = *answer;
        self.say_mapped(answer);
        if self.is_occupied(t, request) {
            return self.discard(answer);
        }
        if self.session.settings.inplace {
            return self.write_in_place(answer);
        }
        let from_partial = request.basis == basis::PARTIAL_DIR;
        if from_partial && self.session.compat.has(CompatFlags::INPLACE_PARTIAL) {
            return self.write_partial_in_place(answer);
        }
        let elsewhere = self.basis_elsewhere(answer);
        if elsewhere.is_none() && answer.builds_on_similar() {
            return self.without_similar(answer);
        }
        let Some(root) = &mut self.root else { return self.discard(answer) };
        let basis = match &mut self.partial {
            _ if head.count == 0 => None,
            Some(partial) if from_partial => partial.open(root, &t.path).ok(),
            _ if elsewhere.is_some() => elsewhere,
            _ => root.open_read(&t.path).ok(),
        };
        let basis = basis.filter(|f| f.metadata().is_ok_and(|m| m.is_file()));
        let temp = match self.create_temp(t) {
            Some(temp) => temp,
            None => return self.discard(answer),
        };
        let fresh = Arc::new(AtomicBool::new(false));
        self.keep_when_interrupted(t, &temp, request, &fresh);
        let sink = Sink {
            file: Some(temp.file()),
            basis: basis.as_ref(),
            fresh: Some(&fresh),
            ..Sink::default()
        };
        let taken = self.take(answer, &sink);
        // Not every file system lets an open file be replaced.
        drop(basis);
        let good = match taken {
            Ok(verdict) => verdict,
            Err(e) => {
                if fresh.load(Ordering::Relaxed) {
                    self.keep(t, temp, request, true);
                }
                return Err(e);
            }
        };
        if !good {
            self.keep(t, temp, request, false);
            return Ok(Some(self.mismatch(t, request, Kept::Aside)));
        }
        if self.session.settings.delay_updates {
            let done = self.install(t, temp, request, true, Goal::Partial);
            return Ok(self.delayed(t, request, done));
        }
        let done = self.install(t, temp, request, true, Goal::Destination);
        if let (true, Some(partial), Some(root)) =
            (done && from_partial, &mut self.partial, &mut self.root)
        {
            partial.remove(root, &t.path);
        }
        Ok(Some(finished(t, done)))
    }

    fn create_temp(&mut self, t: &Target) -> Option<TempFile> {
        let root = self.root.as_mut()?;
        if !self.session.settings.perms {
            self.attrs.default_perms(root, &t.path);
        }
        create_temp(root, self.temp_dir.as_mut(), &t.path, t.want.mode, &self.attrs.log)
    }

    /// With `--partial`, what a signal cuts short is kept all the same.
    fn keep_when_interrupted(
        &mut self,
        t: &Target,
        temp: &TempFile,
        request: &Transfer,
        fresh: &Arc<AtomicBool>,
    ) {
        let Some(root) = &mut self.root else { return };
        if !self.session.settings.partial || t.want.len < PARTIAL_FLOOR {
            return;
        }
        let perm = self.attrs.dest_perm(root, &t.path, &t.want, request.old_perm);
        let (mut root, target, nsec) = (root.clone(), t.path.clone(), t.want.nsec);
        let temp_root = self.temp_dir.as_mut().and_then(TempDir::root);
        let mut from_root = temp_root.map_or_else(|| root.clone(), |dir| dir.clone());
        let (from, fresh, partial) = (temp.path().clone(), fresh.clone(), self.partial.clone());
        temp.set_interrupt_action(Box::new(move || match fresh.load(Ordering::Relaxed) {
            true => {
                keep_partial((&mut from_root, &from), partial, (&mut root, &target), (perm, nsec));
            }
            // What was there before is better than nothing at all.
            false => drop(from_root.unlink(&from)),
        }));
    }

    /// Keeps a file that is not what it should be, if that is wanted.
    fn keep(&mut self, t: &Target, temp: TempFile, request: &Transfer, interrupted: bool) {
        if !self.session.settings.partial {
            return;
        }
        let goal = match self.partial {
            Some(_) => Goal::Partial,
            None => Goal::Destination,
        };
        // Recognisably old, so that the next run does not take it for the whole file.
        let undated = goal == Goal::Destination
            && interrupted
            && meta::set_times(temp.file(), None, Some((0, t.want.nsec))).is_err();
        if !undated {
            // That it failed has been said.
            let _kept = self.install(t, temp, request, false, goal);
        }
    }

    /// Completes the file in the partial directory where it is.
    fn write_partial_in_place(&mut self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let Answer { t, request, head, .. } = *answer;
        let (Some(root), Some(partial)) = (&mut self.root, &mut self.partial) else {
            return self.discard(answer);
        };
        let Some(path) = partial.path(&t.path) else { return self.discard(answer) };
        let basis = (head.count > 0).then(|| partial.open(root, &t.path).ok()).flatten();
        let place = partial.root(root);
        let opened = place.open_in_place(&path).and_then(|file| {
            let st = Stat::of(&file)?;
            if st.kind == Kind::Regular { Ok((file, st)) } else { Err(no_file()) }
        });
        let (file, st) = match opened {
            Ok(opened) => opened,
            Err(e) => {
                let text = about("open", &place.quoted(&path), " failed");
                self.attrs.log.sys_error(Class::ErrorXfer, text, &e);
                return self.discard(answer);
            }
        };
        let sink =
            Sink { file: Some(&file), basis: basis.as_ref(), in_place: true, ..Sink::default() };
        let good = self.take(answer, &sink)?;
        if !good {
            let kept = match self.session.settings.delay_updates {
                true => Kept::Aside,
                false => Kept::InPartialDir,
            };
            return Ok(Some(self.mismatch(t, request, kept)));
        }
        let filled =
            Filled { spot: Spot::Partial, path: &path, file: &file, perm: st.perm, verified: true };
        self.dress(t, &filled, request);
        if self.session.settings.delay_updates {
            return Ok(self.delayed(t, request, true));
        }
        let done = self.promote(t, request);
        Ok(Some(finished(t, done)))
    }

    fn write_in_place(&mut self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let Answer { t, request, head, .. } = *answer;
        let elsewhere = self.basis_elsewhere(answer);
        if elsewhere.is_none() && answer.builds_on_similar() {
            return self.without_similar(answer);
        }
        let apart = elsewhere.is_some();
        let settings = &self.session.settings;
        let Some(root) = &mut self.root else { return self.discard(answer) };
        if let (false, Some(backup)) = (self.session.protocol.has_item_flags(), &mut self.backup) {
            backup.make_room(root, &mut self.attrs, &t.path);
        }
        let devices = settings.write_devices;
        let opened = root.open_in_place(&t.path).and_then(|file| {
            let st = match root.fakes_super() {
                true => root.lstat(&t.path)?,
                false => Stat::of(&file)?,
            };
            let fits = st.kind == Kind::Regular || (devices && st.kind.is_device());
            if fits { Ok((file, st)) } else { Err(no_file()) }
        });
        let (file, st) = match opened {
            Ok(opened) => opened,
            Err(e) => {
                self.sys_error("open", &t.path, " failed", &e);
                return self.discard(answer);
            }
        };
        let basis = match &mut self.backup {
            _ if head.count == 0 => None,
            _ if elsewhere.is_some() => elsewhere,
            // As long as nothing was written over, it holds at each offset what the file does.
            Some(backup) if request.basis == basis::BACKUP => backup.open(&t.path).ok(),
            _ => root.open_read(&t.path).ok(),
        };
        let appends = settings.append != Append::Off && !request.redo;
        let sink = Sink {
            file: Some(&file),
            basis: basis.as_ref(),
            in_place: !apart,
            device: st.kind.is_device(),
            kept: if appends { head.flength() } else { 0 },
            fresh: None,
        };
        let good = self.take(answer, &sink)?;
        let says = self.session.settings.debug.recv > 0;
        self.attrs.log.debug(says, || named("finishing ", &t.name, ""));
        let Some(root) = &mut self.root else { return Ok(Some(finished(t, false))) };
        // The system may have taken set-id bits away.
        let written = if st.perm & 0o6000 == 0 { st } else { Stat::of(&file).unwrap_or(st) };
        let have = self.attrs.give_away(root, &t.path, &t.want, &written).unwrap_or(written);
        if let (true, Some(k)) = (self.session.settings.xattrs > 0, t.want.xattr) {
            self.attrs.apply_xattrs(root, &t.path, Some(have.perm), k);
        }
        let perm = self.attrs.dest_perm(root, &t.path, &t.want, request.old_perm);
        let times = if good { Times::Exact } else { Times::Keep };
        // Writing has changed the mtime; what matters here is that it differs.
        let have = Stat { mtime: i64::MIN, ..have };
        self.attrs.apply(root, &t.path, &t.want, &have, perm, times);
        if good {
            return Ok(Some(finished(t, true)));
        }
        Ok(Some(self.mismatch(t, request, Kept::InPlace)))
    }

    /// Notes that a file waits in the partial directory, if it does.
    fn delayed(&mut self, t: &Target, request: &Transfer, waits: bool) -> Option<Event> {
        if !waits {
            return Some(Event::Failed(t.ndx));
        }
        self.waiting.push((t.ndx, *request));
        None
    }

    /// `--delay-updates`: every file that waits gets its name.
    pub(super) fn finish_delayed(&mut self) -> Result<(), Error> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_unstable_by_key(|(ndx, _)| *ndx);
        for (ndx, request) in waiting {
            let t = self.target(ndx)?;
            let done = self.promote(&t, &request);
            if let Some(e) = self.doom.take() {
                return Err(e);
            }
            self.settle(&t, finished(&t, done));
        }
        Ok(())
    }
}

fn finished(t: &Target, done: bool) -> Event {
    if done { Event::Finished(t.ndx) } else { Event::Failed(t.ndx) }
}

/// The first bytes of a file. If it has fewer, or cannot be read, the checksum will be another than the sender's.
fn hash_start(hasher: &mut FileHasher, file: &File, len: u64) {
    let mut rest = io::Read::take(file, len);
    let mut piece = vec![0; HASH_PIECE.min(usize::try_from(len).unwrap_or(HASH_PIECE))];
    loop {
        match io::Read::read(&mut rest, &mut piece) {
            Ok(0) => return,
            Ok(n) => hasher.update(&piece[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// What stands there cannot be written into.
fn no_file() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

/// Which root a name is below.
pub(super) fn root_of<'a>(
    spot: Spot,
    dest: &'a mut Option<Root>,
    temp_dir: &'a mut Option<TempDir>,
    partial: &'a mut Option<super::partial::Partial>,
) -> Option<&'a mut Root> {
    match (spot, temp_dir, partial) {
        (Spot::Temp, Some(dir), _) => dir.root(),
        (Spot::Partial, _, Some(partial)) => dest.as_mut().map(|dest| partial.root(dest)),
        _ => dest.as_mut(),
    }
}
