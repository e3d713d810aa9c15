use super::*;
use crate::settings::InfoLevels;
use testing::Page;

fn reporter(protocol: u32, settings: Settings) -> (Reporter, Arc<Page>) {
    let settings = Settings { times: true, human: 1, am_sender: true, ..settings };
    let (session, page) = testing::session(protocol, settings);
    (Reporter::new(Arc::new(session)), page)
}

fn named(level: u8) -> Settings {
    let info = InfoLevels { name: level, del: level.min(1), ..InfoLevels::default() };
    Settings { info, out_format: Some(b"%n%L".to_vec()), ..Settings::default() }
}

fn itemized(count: u8) -> Settings {
    Settings { itemize: count, out_format: Some(b"%i %n%L".to_vec()), ..Settings::default() }
}

fn item(flags: u16, xname: Option<&[u8]>) -> Item {
    Item { flags: ItemFlags(flags), xname: xname.map(<[u8]>::to_vec), ..Item::default() }
}

fn event<'a>(name: &'a [u8], mode: u32, item: &'a Item) -> ItemEvent<'a> {
    ItemEvent {
        place: 0,
        name,
        mode,
        len: 6,
        mtime: 0,
        uid: 0,
        gid: Some(0),
        link_target: if mode == 0o120777 { b"t" } else { b"" },
        item,
        sum: None,
        path: name,
    }
}

/// The lines of one run of items.
fn lines(protocol: u32, settings: Settings) -> String {
    let (mut r, page) = reporter(protocol, settings);
    for (name, mode, flags, xname) in [
        (&b"."[..], 0o40755, 0x0008, None),
        (b"same-dir", 0o40755, 0, None),
        (b"new-dir", 0o40755, 0x6000, None),
        (b"linked-dir", 0o40755, 0x4000, None),
        (b"same", 0o100644, 0, None),
        (b"attr", 0o100644, 0x0010, None),
        (b"sent", 0o100644, 0xa000, None),
        (b"link", 0o120777, 0x6000, None),
        (b"h-same", 0o100644, 0x5000, Some(&b""[..])),
        (b"h-new", 0o100644, 0x7000, Some(&b"sent"[..])),
        (b"h-link", 0o100644, 0x5000, Some(&b"sent"[..])),
    ] {
        let item = item(flags, xname);
        let e = event(name, mode, &item);
        if flags & ItemFlags::TRANSFER == 0 {
            r.item(&e);
        } else {
            r.transfer_begins(&e);
            r.data_ends(&e);
            r.transfer_ends(&e, 1, 2);
        }
    }
    r.deleted(b"gone/x", false);
    r.deleted(b"gone", true);
    assert!(r.take_failure().is_none());
    page.text()
}

const NAMES: &str = "\
./
new-dir/
sent
link -> t
h-new => sent
h-link => sent
deleting gone/x
deleting gone/
";

#[test]
fn names() {
    assert_eq!(lines(32, named(1)), NAMES);
    // What is up to date is said by the generator.
    assert_eq!(lines(32, named(2)), NAMES);
    assert_eq!(lines(32, Settings::default()), "");
    let settings = Settings { quiet: true, ..named(1) };
    assert_eq!(lines(32, settings), "");
    let settings = Settings { am_server: true, ..named(1) };
    assert_eq!(lines(32, settings), "");
    let settings = Settings { out_format: None, ..named(1) };
    assert_eq!(lines(32, settings), "deleting gone/x\ndeleting gone/\n");
    let settings = Settings { out_format: Some(b"%n".to_vec()), ..Settings::default() };
    assert!(lines(32, settings).ends_with("\ndeleting gone/x\ndeleting gone/\n"));
}

#[test]
fn itemized_lines() {
    let want = "\
.d..t...... ./
cd+++++++++ new-dir/
.f...p..... attr
<f+++++++++ sent
cL+++++++++ link -> t
hf+++++++++ h-new => sent
hf          h-link => sent
*deleting   gone/x
*deleting   gone/
";
    assert_eq!(lines(32, itemized(1)), want);
    let local = Settings { local: true, ..itemized(1) };
    assert_eq!(lines(32, local), want.replace('<', ">"));
    let want = "\
.d..t...... ./
.d          same-dir/
cd+++++++++ new-dir/
cd          linked-dir/
.f          same
.f...p..... attr
<f+++++++++ sent
cL+++++++++ link -> t
hf          h-same
hf+++++++++ h-new => sent
hf          h-link => sent
*deleting   gone/x
*deleting   gone/
";
    assert_eq!(lines(32, itemized(2)), want);
    let info = InfoLevels { name: 2, ..InfoLevels::default() };
    assert_eq!(lines(32, Settings { info, ..itemized(1) }), want);
}

#[test]
fn logged_lines() {
    let logged = |settings: Settings| {
        let settings = Settings { log_file: Some(b"log".to_vec()), ..settings };
        let text = lines(32, settings);
        text.lines().filter_map(|l| l.strip_prefix("LOG ")).map(|l| format!("{l}\n")).collect()
    };
    // Without columns on stdout, changes of attributes are logged for directories only.
    let want: String = "\
.d..t...... ./
cd+++++++++ new-dir/
<f+++++++++ sent
cL+++++++++ link -> t
hf+++++++++ h-new => sent
hf          h-link => sent
*deleting   gone/x
*deleting   gone/
"
    .into();
    let got: String = logged(Settings::default());
    assert_eq!(got, want);
    let got: String = logged(Settings { quiet: true, ..named(1) });
    assert_eq!(got, want);
    let got: String = logged(Settings { dry_run: true, ..Settings::default() });
    assert!(!got.contains("<f") && !got.contains("deleting"), "{got}");
    let got: String = logged(Settings { quiet: true, ..itemized(1) });
    assert!(got.contains(".f...p..... attr\n"), "{got}");
    let got: String = logged(itemized(2));
    assert!(got.contains(".f          same\n"), "{got}");
    let format = |format: &str, settings: Settings| {
        let log_file_format = Some(format.as_bytes().to_vec());
        let got: String = logged(Settings { log_file_format, ..settings });
        got
    };
    let got = format("%n %b", itemized(2));
    assert!(!got.contains("same "), "{got}");
    assert!(got.contains("\ndeleting gone/x\n"), "{got}");
    assert!(got.contains("sent 1\n"), "{got}");
    assert_eq!(format("", itemized(2)), "");
}

#[test]
fn old_transfers_show_nothing_of_the_difference() {
    let (mut r, page) = reporter(28, itemized(1));
    let item = item(0x8000, None);
    r.transfer_begins(&event(b"f", 0o100644, &item));
    assert_eq!(page.text(), "<f????????? f\n");
}

#[test]
fn old_servers_report_what_their_clients_cannot_know() {
    let server = |settings: Settings| {
        let (session, page) =
            testing::session(28, Settings { am_server: true, times: true, ..settings });
        let session = Arc::new(session);
        let reporter = Reporter::of_server(&session).unwrap();
        let mut r = reporter.lock().unwrap();
        let created = item(0x6000, None);
        r.item(&event(b"d", 0o40755, &created));
        let sent = item(0x8000, None);
        r.transfer_begins(&event(b"f", 0o100644, &sent));
        r.transfer_ends(&event(b"f", 0o100644, &sent), 1, 1);
        r.deleted_entry(b"gone", 0o100644, b"gone");
        page.text()
    };
    assert_eq!(server(named(1)), "d/\ndeleting gone\n");
    let format =
        |text: &str| Settings { out_format: Some(text.as_bytes().to_vec()), ..Settings::default() };
    // A local copy's server has the whole format, another one this much.
    assert_eq!(server(format("%i %n%L")), "*deleting   gone\n");
    assert_eq!(server(format("%i")), "*deleting   gone\n");
    assert_eq!(server(format("%o")), "del. gone\n");
    assert_eq!(server(format("X")), "deleting gone\n");
    assert_eq!(server(Settings::default()), "");

    for (protocol, am_server, am_sender) in
        [(29, true, false), (28, false, false), (28, true, true)]
    {
        let settings = Settings { am_server, am_sender, ..named(1) };
        let (session, _) = testing::session(protocol, settings);
        assert!(Reporter::of_server(&Arc::new(session)).is_none());
    }
}

#[test]
fn late_formats_wait() {
    let settings = |progress, name| Settings {
        info: InfoLevels { progress, name, ..InfoLevels::default() },
        out_format: Some(b"%n %b %c %C".to_vec()),
        ..Settings::default()
    };
    let item = item(0xa000, None);
    let sum = [0xab; 16];
    let after = "f 45 16 abababababababababababababababab\n";
    let bar = "\r              6 100%    0.00kB/s    0:00:00 (xfr#0, to-chk=0/0)\n";
    for (progress, name, want) in [
        (0, 0, after.to_string()),
        (0, 1, after.to_string()),
        (1, 0, format!("{bar}{after}")),
        (1, 1, format!("f\n{bar}{after}")),
    ] {
        let (mut r, page) = reporter(32, settings(progress, name));
        let e = event(b"f", 0o100644, &item);
        r.transfer_begins(&e);
        assert_eq!(page.text(), if (progress, name) == (1, 1) { "f\n" } else { "" });
        r.progress(6, 6);
        r.data_ends(&e);
        r.transfer_ends(&ItemEvent { sum: Some(&sum), ..e }, 45, 16);
        let text = page.text();
        let first_line = "\r              6 100%    0.00kB/s    0:00:00  ";
        assert_eq!(text.replacen(first_line, "", 1), want);
    }
}

#[test]
fn dry_runs_print_at_once() {
    let settings = Settings {
        dry_run: true,
        out_format: Some(b"%i %n %b %C|".to_vec()),
        info: InfoLevels { progress: 1, name: 1, ..InfoLevels::default() },
        ..Settings::default()
    };
    let (mut r, page) = reporter(32, settings);
    let item = item(0xa000, None);
    let e = event(b"f", 0o100644, &item);
    r.transfer_begins(&e);
    r.data_ends(&e);
    r.transfer_ends(&e, 5, 5);
    assert_eq!(page.text(), format!("<f+++++++++ f 0 {}|\n", "0".repeat(32)));
}

#[test]
fn counts_of_progress_lines() {
    let settings = Settings {
        info: InfoLevels { progress: 1, ..InfoLevels::default() },
        ..Settings::default()
    };
    let (mut r, page) = reporter(32, settings);
    r.complete = false;
    r.list_added(1, 3);
    r.list_added(5, 2);
    let item = item(0xa000, None);
    let end = |r: &mut Reporter, place| {
        let e = ItemEvent { place, ..event(b"f", 0o100644, &item) };
        r.session.stats.transferred_files.add(1);
        r.data_ends(&e);
        r.transfer_ends(&e, 0, 0);
        page.text().lines().last().unwrap().split_once(" (").unwrap().1.to_string()
    };
    assert_eq!(end(&mut r, 1), "xfr#1, ir-chk=4/5)");
    assert_eq!(end(&mut r, 3), "xfr#2, ir-chk=2/5)");
    assert_eq!(end(&mut r, 5), "xfr#3, ir-chk=1/5)");
    r.list_added(8, 1);
    r.lists_complete();
    assert_eq!(end(&mut r, 6), "xfr#4, to-chk=1/6)");
    assert_eq!(end(&mut r, 8), "xfr#5, to-chk=0/6)");
}

#[test]
fn receivers_begin_with_nothing() {
    let info = InfoLevels { progress: 1, ..InfoLevels::default() };
    let (mut session, page) =
        testing::session(32, Settings { info, human: 1, ..Settings::default() });
    session.settings.am_sender = false;
    let mut r = Reporter::new(Arc::new(session));
    let item = item(0xa000, None);
    r.transfer_begins(&event(b"f", 0o100644, &item));
    assert_eq!(page.text(), "\r              0   0%    0.00kB/s    0:00:00  ");
    r.transfer_begins(&ItemEvent { len: 0, ..event(b"f", 0o100644, &item) });
    assert_eq!(page.text().matches('\r').count(), 1);
}

#[test]
fn progress_of_the_whole_run() {
    let settings = Settings {
        info: InfoLevels { progress: 2, ..InfoLevels::default() },
        ..Settings::default()
    };
    let (mut r, page) = reporter(32, settings.clone());
    let stats = r.session.stats.clone();
    stats.files.set(3);
    stats.dirs.set(4);
    stats.total_size.set(8);
    stats.transferred_size.set(2);
    stats.transferred_files.set(1);
    let item = item(0xa000, None);
    let e = ItemEvent { place: 2, len: 2, ..event(b"f", 0o100644, &item) };
    r.transfer_begins(&e);
    r.progress(2, 2);
    r.data_ends(&e);
    r.transfer_ends(&e, 2, 0);
    r.finish();
    r.finish();
    let text = page.text();
    assert!(text.starts_with("\r              2  25%    0.00kB/s    0:00:00  \r"), "{text:?}");
    assert!(text.contains("0:00:00 (xfr#1, to-chk=4/7)\r"), "{text:?}");
    assert!(text.ends_with("0:00:00 (xfr#1, to-chk=0/7)\n"), "{text:?}");
    assert_eq!(text.lines().count(), 1);

    let (mut r, page) = reporter(32, Settings { dry_run: true, ..settings });
    r.transfer_begins(&e);
    assert!(page.text().ends_with(")"), "{:?}", page.text());
}

#[test]
fn a_question_is_answered_at_the_end_of_the_file() {
    let (mut r, page) = reporter(32, Settings::default());
    let asked = Arc::new(AtomicBool::new(false));
    r.show_when_asked(asked.clone());
    r.list_added(0, 5);
    let item = item(0xa000, None);
    let e = event(b"f", 0o100644, &item);
    r.data_ends(&e);
    r.transfer_ends(&e, 0, 0);
    assert_eq!(page.text(), "");
    asked.store(true, Ordering::Relaxed);
    r.data_ends(&e);
    r.transfer_ends(&e, 0, 0);
    r.data_ends(&e);
    r.transfer_ends(&e, 0, 0);
    let text = page.text();
    assert!(text.starts_with("f\n\r              0 100%"), "{text:?}");
    assert!(text.ends_with("(xfr#0, to-chk=4/5)\n"), "{text:?}");
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn lines_that_are_too_long_end_the_run() {
    let (mut r, page) = reporter(
        32,
        Settings { out_format: Some(b"%4000n%4000n".to_vec()), ..Settings::default() },
    );
    let item = item(0xa000, None);
    let e = event(b"f", 0o100644, &item);
    r.transfer_begins(&e);
    assert_eq!(page.text(), "");
    let failure = r.take_failure().unwrap();
    assert_eq!(failure.code(), crate::ExitCode::MESSAGE_IO);
    r.transfer_begins(&e);
    assert!(r.take_failure().is_none());
    let format = Some(vec![b'x'; 5000]);
    let (mut r, _) = reporter(32, Settings { out_format: format, ..Settings::default() });
    assert!(r.take_failure().is_some());
}

#[test]
fn which_formats_want_sums() {
    for (format, want) in
        [(Some(&b"%C"[..]), true), (Some(b"%n%20C"), true), (Some(b"%%C"), false), (None, false)]
    {
        let out_format = format.map(<[u8]>::to_vec);
        assert_eq!(wants_sums(&Settings { out_format, ..Settings::default() }), want);
    }
}
