#include <iostream>

#include <restante/embedded.h>

int main(int, char** argv) {
  restante::EmbeddedSidecar sidecar({.store = argv[1]});
  std::cout << sidecar.endpoint() << '\n';
}
