<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** A directory of this machine. */
final class LocalDisk implements Disk
{
    private const DRAFT = '.cognate-draft';

    public function __construct(private readonly string $name, private readonly string $root, private readonly bool $isPrivate = false)
    {
    }

    public function name(): string
    {
        return $this->name;
    }

    public function stat(string $path): ?FileStand
    {
        $file = $this->find($path);
        if ($file === null) {
            return null;
        }
        clearstatcache(true, $file);
        $stat = @stat($file);
        return $stat === false ? null : new FileStand($stat['size'], $stat['mtime'], "{$stat['ctime']} {$stat['ino']}");
    }

    public function open(string $path)
    {
        $file = $this->find($path);
        $stream = $file === null ? false : @fopen($file, 'rb');
        return $stream === false ? null : $stream;
    }

    public function draft(string $path, string $sha256)
    {
        $file = $this->draftOf($path, $sha256, true);
        if (is_link($file)) {
            throw new FileRefused('FILE_OUTSIDE_PLACE', "$file is a link, and nothing is written through links");
        }
        $former = umask(0077);
        $draft = @fopen($file, 'c+b');
        umask($former);
        if ($draft === false) {
            throw $this->failed("cannot write to $file");
        }
        clearstatcache(true, $file);
        // Somebody may have put it in its place between these two.
        if (!flock($draft, LOCK_EX | LOCK_NB) || (@stat($file)['ino'] ?? null) !== fstat($draft)['ino']) {
            fclose($draft);
            return null;
        }
        return $draft;
    }

    public function publish(string $path, string $sha256, $draft): void
    {
        $file = $this->draftOf($path, $sha256, false);
        $target = dirname($file) . '/' . basename($path);
        if (!fflush($draft) || !fsync($draft)) {
            throw $this->failed("cannot write to $file");
        }
        @chmod($file, $this->isPrivate ? 0600 : 0644);
        if (!@rename($file, $target)) {
            throw $this->failed("cannot write $target");
        }
        clearstatcache(true, $target);
    }

    public function discard(string $path, string $sha256): void
    {
        try {
            @unlink($this->draftOf($path, $sha256, false));
        } catch (FileRefused) {
            // Where no directory is no draft is, either.
        }
    }

    public function fault(): ?string
    {
        // A directory that is not there is made with the first file.
        for ($directory = $this->root; !file_exists($directory) && dirname($directory) !== $directory; $directory = dirname($directory)) {
        }
        return is_dir($directory) && is_writable($directory) && is_executable($directory) ? null : "$directory is no directory that this user may write to";
    }

    public function room(): ?int
    {
        $free = @disk_free_space($this->root);
        return $free === false ? null : (int) $free;
    }

    /** Below the root, whatever links are on the way; null: there is no such file. */
    private function find(string $path): ?string
    {
        $root = realpath($this->root);
        if ($root === false || !FilePaths::isInside($path)) {
            return null;
        }
        $file = realpath("$root/$path");
        return $file !== false && str_starts_with($file, rtrim($root, '/') . '/') && is_file($file) ? $file : null;
    }

    /** Beside the place that it is for. */
    private function draftOf(string $path, string $sha256, bool $make): string
    {
        if (!FilePaths::isInside($path)) {
            throw new FileRefused('FILE_OUTSIDE_PLACE', 'got a path that leads out of the disk ' . $this->name);
        }
        if ($make && !is_dir($this->root)) {
            @mkdir($this->root, 0755, true);
        }
        $root = realpath($this->root);
        if ($root === false) {
            throw $this->failed("there is no directory $this->root");
        }
        $directory = $root;
        foreach (array_slice(explode('/', $path), 0, -1) as $part) {
            $directory .= "/$part";
            if (!is_dir($directory) && (!$make || (!@mkdir($directory, $this->isPrivate ? 0700 : 0755) && !is_dir($directory)))) {
                throw $this->failed("cannot make the directory $directory");
            }
            // A link that somebody has put there may lead anywhere.
            if (!str_starts_with((string) realpath($directory), rtrim($root, '/') . '/')) {
                throw new FileRefused('FILE_OUTSIDE_PLACE', "$directory leads out of $root");
            }
        }
        return "$directory/." . substr($sha256, 0, 32) . self::DRAFT;
    }

    private function failed(string $what): FileRefused
    {
        return new FileRefused('FILE_NOT_WRITABLE', "$what; see that the worker's user may write there, and that there is room", 60.0);
    }
}
