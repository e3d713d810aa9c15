//! A process that may not have a ring. This is a program of its own, because the refusal is remembered.

#![cfg(target_os = "linux")]

use fast_io::{Reason, SendHalf, fd};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::{
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    sync::Arc,
    thread,
};

#[test]
fn a_filter_on_system_calls_is_a_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_r, mut w) = fd::socket(OwnedFd::from(near)).unwrap();
    let rules = [(libc::SYS_io_uring_setup, Vec::new())].into();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    // The filter holds for the thread that asks for it.
    let mut w = thread::spawn(move || {
        seccompiler::apply_filter(&program).unwrap();
        assert_eq!(
            w.lends(),
            Err(Reason::Refused("io_uring: Operation not permitted (os error 1)".into()))
        );
        let buf = Arc::new(vec![1; 4096]);
        let error = w.lend(&buf, 0, usize::MAX, None).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
        assert_eq!(w.send(&buf, None).unwrap(), 4096);
        w
    })
    .join()
    .unwrap();
    // Nobody in this process asks again, not even where it would be allowed.
    let other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut other = fd::socket(OwnedFd::from(other)).unwrap().1;
    assert!(other.lends().is_err());
    assert_eq!(other.lends(), w.lends());
}
