#pragma once
/// \file
/// Keeps the process alive when it runs out of file descriptors. libzmq aborts when accept() on an ipc socket fails
/// with EMFILE, and spins when it does so on a tcp one: any local user who may connect could end the sidecar with a
/// hundred plain connections.
///
/// accept_guard.cpp defines accept() and accept4(). They set one descriptor aside; when there is none left for a
/// connection, they use that one to accept and close it. Being in the executable is enough: libzmq is a shared library,
/// so its calls are bound to the executable's definitions before libc's. The linker exports them by itself, because
/// libzmq.so on its command line asks for them. Link the object file, not an archive: no code of ours calls accept().

namespace restante::sidecar {

/// Off: both functions do what libc's do. For the test that shows what the guard is for; it is on from the start.
void guard_accept(bool on) noexcept;

}  // namespace restante::sidecar
