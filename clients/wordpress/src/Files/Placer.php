<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** Puts files below the uploads: compared with their hash first, and moved into place as a whole. */
final class Placer
{
    /** Drafts of workers that died are cleared away after a day. */
    private const STALE = 86400;

    /** @return string where it is now, relative to the uploads */
    public function put(string $path, string $sha256, string $bytes): string
    {
        $this->check($path);
        $draft = $this->draft($sha256);
        $handle = $this->open($draft, 'wb');
        try {
            self::write($handle, $bytes);
            self::sync($handle);
        } finally {
            fclose($handle);
        }
        return $this->move($draft, $path, $sha256, strlen($bytes));
    }

    /**
     * @param \Closure(int): iterable<string> $read pieces from an offset on
     * @param \Closure(): bool $mayGoOn asked between pieces
     * @return string|null where it is now; null: not yet, the next worker goes on
     */
    public function fetch(string $path, string $sha256, int $size, \Closure $read, \Closure $mayGoOn): ?string
    {
        $this->check($path);
        $draft = $this->draft($sha256);
        $handle = $this->open($draft, 'c+b');
        try {
            fseek($handle, 0, SEEK_END);
            $offset = (int) ftell($handle);
            foreach ($offset < $size ? $read($offset) : [] as $piece) {
                self::write($handle, $piece);
                $offset += strlen($piece);
                if ($offset < $size && !$mayGoOn()) {
                    return null;
                }
            }
            self::sync($handle);
        } finally {
            fclose($handle);
        }
        return $this->move($draft, $path, $sha256, $size);
    }

    /** @return resource */
    private function open(string $draft, string $mode)
    {
        $handle = @fopen($draft, $mode);
        return $handle === false ? throw new TransferFailed('files: no right to write in the uploads') : $handle;
    }

    /** @param resource $handle */
    private static function write($handle, string $bytes): void
    {
        if (@fwrite($handle, $bytes) !== strlen($bytes)) {
            throw new TransferFailed('files: no room in the uploads');
        }
    }

    /**
     * Before it gets its name: a record leads to it then, and the hub never sends it again.
     *
     * @param resource $handle
     */
    private static function sync($handle): void
    {
        if (!fflush($handle) || !fsync($handle)) {
            throw new TransferFailed('files: what came cannot be written to the disk of the uploads');
        }
    }

    /** What this site's own rules do not let anybody upload does not come this way either. */
    private function check(string $path): void
    {
        if (Uploads::absolute($path) === null) {
            throw new FileRefused('FILE_OUTSIDE_PLACE', 'the path does not lie below the uploads');
        }
        if (wp_check_filetype(basename($path))['ext'] === false) {
            throw new FileRefused('FILE_TYPE_REFUSED', 'files of this type are not allowed on this site (upload_mimes)');
        }
    }

    /** @param string $draft goes to its place, or is removed */
    private function move(string $draft, string $path, string $sha256, int $size): string
    {
        clearstatcache(true, $draft);
        if (filesize($draft) !== $size || hash_file('sha256', $draft) !== $sha256) {
            @unlink($draft);
            throw new TransferFailed('files: what came is not what was asked for; it is asked for again');
        }
        $target = (string) Uploads::absolute($path);
        $directory = dirname($target);
        if (!wp_mkdir_p($directory) || !str_starts_with((string) realpath($directory) . '/', realpath(Uploads::directory()) . '/')) {
            @unlink($draft);
            throw new FileRefused('FILE_OUTSIDE_PLACE', 'the directory of the path lies elsewhere, or cannot be made');
        }
        if (is_file($target) && hash_file('sha256', $target) === $sha256) {
            @unlink($draft);
            return $path;
        }
        if (file_exists($target)) {
            $target = "$directory/" . wp_unique_filename($directory, basename($target));
        }
        chmod($draft, 0644 & ~umask());
        if (!rename($draft, $target)) {
            @unlink($draft);
            throw new TransferFailed('files: a file cannot be moved into its place in the uploads');
        }
        return substr($target, strlen(Uploads::directory()) + 1);
    }

    private function draft(string $sha256): string
    {
        $directory = Uploads::directory() . '/.cognate-drafts';
        if (!wp_mkdir_p($directory)) {
            throw new TransferFailed('files: no right to write in the uploads');
        }
        foreach (glob("$directory/*.draft") ?: [] as $old) {
            if ((int) @filemtime($old) < time() - self::STALE) {
                @unlink($old);
            }
        }
        return "$directory/$sha256.draft";
    }
}
