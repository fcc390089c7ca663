#pragma once
/// \file
/// Keeps the process alive when it runs out of file descriptors. libzmq aborts when accept() on an ipc socket fails
/// with EMFILE, and spins when it does so on a tcp one: whoever may connect could end a sidecar or a service with a
/// hundred plain connections, and so could a service that is merely short of descriptors.
///
/// accept_guard.cpp defines accept() and accept4(). They set one descriptor aside; when there is none left for a
/// connection, they use that one to accept and close it; other callers see ECONNABORTED where they would have seen
/// EMFILE. Being in the executable is enough: libzmq is a shared library, so its calls are bound to the executable's
/// definitions before libc's. The linker exports them by itself, because libzmq.so on its command line asks for them.
/// Context calls keep_accept_guard(), so that the linker takes this object out of its archive.

namespace restante::link {

/// Off: both functions do what libc's do. For the test that shows what the guard is for; it is on from the start.
void guard_accept(bool on) noexcept;

/// Does nothing: a program that calls it has the guard.
void keep_accept_guard() noexcept;

}  // namespace restante::link
