<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

use Cognate\WordPress\Store\Tables;

/** Hashes of files below the uploads, so that each is read once and not with every look at its record. */
final class FileIndex
{
    private readonly string $table;
    /** @var array<string, LocalFile> by path */
    private array $missed = [];

    public function __construct(private readonly \wpdb $database)
    {
        $this->table = $database->prefix . Tables::FILES;
    }

    /** @param string $path relative to the uploads; null where there is no such file */
    public function at(string $path): ?LocalFile
    {
        $absolute = Uploads::absolute($path);
        if ($absolute === null || !is_file($absolute) || !is_readable($absolute)) {
            return null;
        }
        clearstatcache(true, $absolute);
        $size = (int) filesize($absolute);
        $time = (int) filemtime($absolute);
        $row = $this->database->get_row($this->database->prepare("SELECT * FROM `$this->table` WHERE path_hash = %s", md5($path)));
        // A file that was written in this very second may be written once more in it.
        if ($row !== null && (int) $row->size_bytes === $size && (int) $row->modify_time === $time && $time < time() - 1) {
            return new LocalFile($path, $row->sha256, $size, $time);
        }
        $hash = hash_file('sha256', $absolute);
        if ($hash === false) {
            return null;
        }
        $file = new LocalFile($path, $hash, $size, $time);
        $this->remember($file, $row !== null && $row->sha256 === $hash ? (int) $row->stored_time : 0);
        return $file;
    }

    /** A file of this content that is still here. */
    public function of(string $sha256): ?LocalFile
    {
        foreach ($this->database->get_col($this->database->prepare("SELECT path FROM `$this->table` WHERE sha256 = %s LIMIT 20", $sha256)) as $path) {
            $file = $this->at((string) $path);
            if ($file !== null && $file->sha256 === $sha256) {
                return $file;
            }
        }
        return null;
    }

    /** Whether the hub has said within the last half hour that it has it: it keeps it for an hour then. */
    public function isStored(string $sha256): bool
    {
        return $this->database->get_var($this->database->prepare("SELECT 1 FROM `$this->table` WHERE sha256 = %s AND stored_time > %d LIMIT 1", $sha256, time() - 1800)) !== null;
    }

    public function stored(string $sha256): void
    {
        $this->database->query($this->database->prepare("UPDATE `$this->table` SET stored_time = %d WHERE sha256 = %s", time(), $sha256));
    }

    /** It has to be read again. */
    public function doubt(string $path): void
    {
        $this->database->query($this->database->prepare("UPDATE `$this->table` SET modify_time = 0 WHERE path_hash = %s", md5($path)));
    }

    /**
     * A file that a record is to have and that is not here.
     *
     * @return bool whether it is known what it was, so that it is fetched again
     */
    public function miss(string $path): bool
    {
        $row = $this->database->get_row($this->database->prepare("SELECT sha256, size_bytes FROM `$this->table` WHERE path_hash = %s", md5($path)));
        if ($row !== null) {
            $this->missed[$path] = new LocalFile($path, $row->sha256, (int) $row->size_bytes, 0);
        }
        return $row !== null;
    }

    /** @return array<string, LocalFile> by path: what was missed since this was asked */
    public function takeMissed(): array
    {
        [$missed, $this->missed] = [$this->missed, []];
        return $missed;
    }

    private function remember(LocalFile $file, int $storedTime): void
    {
        $this->database->query($this->database->prepare(
            "INSERT INTO `$this->table` (path_hash, path, size_bytes, modify_time, sha256, stored_time) VALUES (%s, %s, %d, %d, %s, %d)
             ON DUPLICATE KEY UPDATE size_bytes = VALUES(size_bytes), modify_time = VALUES(modify_time), sha256 = VALUES(sha256), stored_time = VALUES(stored_time)",
            md5($file->path),
            $file->path,
            $file->sizeBytes,
            $file->modifyTime,
            $file->sha256,
            $storedTime,
        ));
    }
}
