<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** Puts files below the uploads: compared with their hash first, and moved into place as a whole. */
final class Placer
{
    private const PIECE = 8 << 20;
    /** Drafts of workers that died are cleared away after a day. */
    private const STALE = 86400;

    public function __construct(private readonly FileDoor $door)
    {
    }

    /** @return string where it is now, relative to the uploads */
    public function put(string $path, string $sha256, string $bytes): string
    {
        $this->check($path);
        if (hash('sha256', $bytes) !== $sha256) {
            throw new TransferFailed('files: what came is not what was asked for; it is asked for again');
        }
        $draft = $this->draft($sha256);
        if (file_put_contents($draft, $bytes) !== strlen($bytes)) {
            @unlink($draft);
            throw new TransferFailed('files: no room in the uploads, or no right to write there');
        }
        return $this->move($draft, $path, $sha256);
    }

    /**
     * @param \Closure(): bool $mayGoOn asked between pieces
     * @return string|null where it is now; null: not yet, the next worker goes on
     */
    public function fetch(string $path, string $sha256, int $size, \Closure $mayGoOn): ?string
    {
        $this->check($path);
        $draft = $this->draft($sha256);
        $handle = @fopen($draft, 'c+b');
        if ($handle === false) {
            throw new TransferFailed('files: no right to write in the uploads');
        }
        try {
            fseek($handle, 0, SEEK_END);
            for ($offset = (int) ftell($handle); $offset < $size; $offset += strlen($bytes)) {
                if (!$mayGoOn()) {
                    return null;
                }
                $bytes = $this->door->read($sha256, $offset, min(self::PIECE, $size - $offset));
                if (fwrite($handle, $bytes) !== strlen($bytes)) {
                    throw new TransferFailed('files: no room in the uploads');
                }
            }
        } finally {
            fclose($handle);
        }
        clearstatcache(true, $draft);
        if (filesize($draft) !== $size || hash_file('sha256', $draft) !== $sha256) {
            @unlink($draft);
            throw new TransferFailed('files: what came is not what was asked for; it is asked for again');
        }
        return $this->move($draft, $path, $sha256);
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
    private function move(string $draft, string $path, string $sha256): string
    {
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
