<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

/** A directory that is gone when the tests are over. Its path is short, for sockets. */
final class TempDir
{
    public readonly string $path;

    public function __construct()
    {
        $this->path = sys_get_temp_dir() . '/cgp' . bin2hex(random_bytes(4));
        mkdir($this->path, 0711);
        // Whatever the umask: the hub's servers run as another user, and must reach their data in here.
        chmod($this->path, 0711);
        $owner = getmypid();
        register_shutdown_function(function () use ($owner): void {
            if (getmypid() === $owner) {
                // At the very end: programs that write in here are stopped first.
                register_shutdown_function(fn () => self::remove($this->path));
            }
        });
    }

    public function file(string $name): string
    {
        return "{$this->path}/$name";
    }

    private static function remove(string $path): void
    {
        if (is_dir($path) && !is_link($path)) {
            foreach (scandir($path) ?: [] as $name) {
                if ($name !== '.' && $name !== '..') {
                    self::remove("$path/$name");
                }
            }
            @rmdir($path);
        } else {
            @unlink($path);
        }
    }
}
