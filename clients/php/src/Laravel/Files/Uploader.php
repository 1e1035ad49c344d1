<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Files\Contents;
use Cognate\Laravel\Hub;

/** Sends the bytes of files: small ones together, large ones in pieces, each content once. */
final class Uploader
{
    public function __construct(private readonly Hub $hub, private readonly Disks $disks, private readonly KnownFiles $known)
    {
    }

    /**
     * @param array<string, FileContent> $contents by hash; those that are not small are left alone
     * @param (Closure(FileContent, CognateException): void)|null $failed told of those that are not taken while others may be; null: that is thrown, too
     * @return int how many travelled
     * @throws CognateException
     */
    public function sendSmall(array $contents, ?Closure $failed = null): int
    {
        $contents = array_filter($contents, static fn (FileContent $content): bool => $content->size <= Contents::SMALL_BYTES);
        if ($contents === []) {
            return 0;
        }
        $has = $this->hub->contents()->has(array_map('strval', array_keys($contents)));
        $batch = [];
        $bytes = $sent = 0;
        foreach ($contents as $sha256 => $content) {
            $data = $has[$sha256] ? null : $this->whole($content);
            if ($data === null) {
                continue;
            }
            if ($bytes + strlen($data) > Contents::SMALL_BYTES && $batch !== []) {
                $sent += $this->put($batch, $contents, $failed);
                [$batch, $bytes] = [[], 0];
            }
            $batch[(string) $sha256] = $data;
            $bytes += strlen($data);
        }
        return $batch === [] ? $sent : $sent + $this->put($batch, $contents, $failed);
    }

    /**
     * Goes on with a large one.
     *
     * @param Closure(): bool $mayGoOn asked before each piece
     * @return bool whether the hub has all of it; false: there is more to send
     * @throws CognateException
     * @throws FileRefused where the file is no longer what it was
     */
    public function send(FileContent $content, Closure $mayGoOn): bool
    {
        if ($this->hub->contents()->has([$content->sha256])[$content->sha256]) {
            return true;
        }
        $row = $this->known->find($content->ref->disk, $content->ref->path);
        $stream = $this->disks->get($content->ref->disk)->open($content->ref->path);
        if ($row === null || $stream === null) {
            throw self::changed($content);
        }
        try {
            return $this->pieces($content, $row, $stream, $mayGoOn);
        } catch (CognateException $error) {
            if ($error->reason === 'WRITE_OFFSET_MISMATCH') {
                return false;
            }
            if ($error->reason !== 'FILE_DAMAGED') {
                throw $error;
            }
            // Nothing of it is kept there.
            $this->known->doubt($row);
            throw self::changed($content);
        } finally {
            fclose($stream);
        }
    }

    /**
     * @param resource $stream
     * @param Closure(): bool $mayGoOn
     */
    private function pieces(FileContent $content, object $row, $stream, Closure $mayGoOn): bool
    {
        $uploads = $this->hub->contents()->uploads();
        $upload = $row->upload;
        $offset = $upload === null ? null : $uploads->offset($upload, $content->size);
        if ($offset === null) {
            $upload = $uploads->begin($content->sha256, $content->size);
            // Known before its first byte: whoever comes after a crash goes on with it.
            $this->known->uploading($row, $upload);
            $offset = 0;
        }
        self::skip($stream, $offset);
        do {
            if (!$mayGoOn()) {
                return false;
            }
            $piece = self::next($stream, min(Contents::PIECE_BYTES, $content->size - $offset));
            // Where all bytes are there and the whole is not, its end alone is said once more.
            if ($piece === '' && $offset < $content->size) {
                $this->known->doubt($row);
                throw self::changed($content);
            }
            $committed = $uploads->append((string) $upload, $content->sha256, $content->size, $offset, $piece);
            if ($committed !== $offset + strlen($piece)) {
                // The next look asks how far it is.
                return $committed === $content->size;
            }
            $offset = $committed;
        } while ($offset < $content->size);
        $this->known->uploading($row, null);
        return true;
    }

    /**
     * @param array<string, string> $batch
     * @param array<string, FileContent> $contents
     */
    private function put(array $batch, array $contents, ?Closure $failed): int
    {
        try {
            $refused = $this->hub->contents()->putSmall($batch);
        } catch (CognateException $error) {
            if ($failed === null || !Contents::isOfOne($error)) {
                throw $error;
            }
            foreach (array_keys($batch) as $sha256) {
                $failed($contents[$sha256], $error);
            }
            return 0;
        }
        foreach (array_keys($refused) as $sha256) {
            $ref = $contents[$sha256]->ref;
            $row = $this->known->find($ref->disk, $ref->path);
            $row === null || $this->known->doubt($row);
        }
        return count($batch) - count($refused);
    }

    private function whole(FileContent $content): ?string
    {
        $stream = $this->disks->get($content->ref->disk)->open($content->ref->path);
        if ($stream === null) {
            return null;
        }
        $data = stream_get_contents($stream, Contents::SMALL_BYTES);
        fclose($stream);
        return $data === false ? null : $data;
    }

    /** @param resource $stream */
    private static function skip($stream, int $bytes): void
    {
        if ($bytes === 0 || @fseek($stream, $bytes) === 0) {
            return;
        }
        while ($bytes > 0 && ($piece = self::next($stream, min($bytes, Contents::SMALL_BYTES))) !== '') {
            $bytes -= strlen($piece);
        }
    }

    /** @param resource $stream */
    private static function next($stream, int $bytes): string
    {
        $piece = '';
        // Streams of other machines give what has come.
        while (strlen($piece) < $bytes && !feof($stream)) {
            $more = fread($stream, $bytes - strlen($piece));
            if ($more === false) {
                break;
            }
            $piece .= $more;
        }
        return $piece;
    }

    private static function changed(FileContent $content): FileRefused
    {
        return new FileRefused('FILE_CHANGED', FilePaths::shown($content->ref->path) . ' was changed while it was sent', 2.0);
    }
}
