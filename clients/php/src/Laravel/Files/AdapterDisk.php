<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Illuminate\Contracts\Filesystem\Filesystem;

/** Any other disk of Laravel's: S3, SFTP and so on. What comes is gathered on this machine, and compared, before it is put there. */
final class AdapterDisk implements Disk
{
    private const DRAFT = '.cognate-draft';

    /** @param string $scratch a directory of this machine that stays between runs */
    public function __construct(private readonly string $name, private readonly Filesystem $files, private readonly string $scratch)
    {
    }

    public function name(): string
    {
        return $this->name;
    }

    public function stat(string $path): ?FileStand
    {
        if (!FilePaths::isInside($path)) {
            return null;
        }
        try {
            return $this->files->exists($path) ? new FileStand((int) $this->files->size($path), (int) $this->files->lastModified($path)) : null;
        } catch (\Throwable $error) {
            throw $this->failed("cannot look at $path", $error);
        }
    }

    public function open(string $path)
    {
        try {
            $stream = FilePaths::isInside($path) && $this->files->exists($path) ? $this->files->readStream($path) : null;
        } catch (\Throwable $error) {
            throw $this->failed("cannot read $path", $error);
        }
        return is_resource($stream) ? $stream : null;
    }

    public function draft(string $path, string $sha256)
    {
        return $this->scratch()->draft($sha256, $sha256);
    }

    public function publish(string $path, string $sha256, $draft): void
    {
        if (!FilePaths::isInside($path)) {
            throw new FileRefused('FILE_OUTSIDE_PLACE', "got a path that leads out of the disk $this->name");
        }
        $beside = $this->beside($path, $sha256);
        try {
            rewind($draft);
            if ($this->files->put($beside, $draft) === false || (int) $this->files->size($beside) !== (fstat($draft)['size'] ?? -1)) {
                throw new \RuntimeException('not all of it was written');
            }
            if ($this->files->exists($path)) {
                // The name has the hash: it is the same content, or a part of it.
                $this->files->delete($path);
            }
            if ($this->files->move($beside, $path) === false) {
                throw new \RuntimeException('it cannot be moved into its place');
            }
        } catch (\Throwable $error) {
            $this->remove($beside);
            throw $this->failed("cannot write $path", $error);
        }
        $this->scratch()->discard($sha256, $sha256);
    }

    public function discard(string $path, string $sha256): void
    {
        $this->scratch()->discard($sha256, $sha256);
        if (FilePaths::isInside($path)) {
            $this->remove($this->beside($path, $sha256));
        }
    }

    public function fault(): ?string
    {
        try {
            $this->files->exists('cognate-doctor');
        } catch (\Throwable $error) {
            return 'it does not answer: ' . get_class($error);
        }
        return $this->scratch()->fault();
    }

    public function room(): ?int
    {
        return $this->scratch()->room();
    }

    private function remove(string $path): void
    {
        try {
            if ($this->files->exists($path)) {
                $this->files->delete($path);
            }
        } catch (\Throwable) {
            // It is looked for again with the next sweep.
        }
    }

    private function beside(string $path, string $sha256): string
    {
        $directory = dirname($path);
        return ($directory === '.' ? '' : "$directory/") . '.' . substr($sha256, 0, 32) . self::DRAFT;
    }

    private function scratch(): LocalDisk
    {
        is_dir($this->scratch) || @mkdir($this->scratch, 0700, true);
        return new LocalDisk("$this->name's drafts", $this->scratch, true);
    }

    private function failed(string $what, \Throwable $error): FileRefused
    {
        return new FileRefused('FILE_NOT_WRITABLE', "the disk $this->name: $what: " . get_class($error), 60.0, $error);
    }
}
