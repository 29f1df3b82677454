// The static libdbus-1.a of Debian is built for socket activation by systemd and wants two functions of libsystemd,
// which only a bus daemon ever calls. With these the release binaries link without it.
#ifdef BMSD_STATIC

extern "C" {

int sd_listen_fds(int /*unset_environment*/) { return 0; }  // no sockets were passed
int sd_is_socket(int /*fd*/, int /*family*/, int /*type*/, int /*listening*/) { return 0; }

}  // extern "C"

#endif
