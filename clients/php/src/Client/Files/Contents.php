<?php

declare(strict_types=1);

namespace Cognate\Client\Files;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\DeadlineExceeded;
use Cognate\Client\Exception\PermissionDenied;
use Cognate\Client\Exception\TlsFailed;
use Cognate\Client\Exception\Unauthenticated;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\Exception\Unimplemented;
use Cognate\Client\Generated\FileTransferServiceClient;
use Cognate\V1\BatchReadRequest;
use Cognate\V1\BatchWriteRequest;
use Cognate\V1\CheckRequest;
use Cognate\V1\ReadRequest;
use Cognate\V1\SmallFile;

/** The bytes that a platform's records refer to, each content once, named by its SHA-256 as 64 hexadecimal digits. Memory: a few pieces. */
final class Contents
{
    /** The most that goes in one batch of small ones. */
    public const SMALL_BYTES = 1 << 20;
    /** How much of a large one is sent at once: each piece is synced there before it is answered, and a message has at most 4 MiB. */
    public const PIECE_BYTES = 3 << 20;
    private const BATCH = 500;

    public function __construct(
        private readonly FileTransferServiceClient $files,
        private readonly string $platform,
        private readonly Uploads $uploads,
    ) {
    }

    public function uploads(): Uploads
    {
        return $this->uploads;
    }

    /** Whether an upload failed for what it is (its size, the quota, the room it needs), so that others may be taken. Else none is, for now. */
    public static function isOfOne(CognateException $error): bool
    {
        foreach ([Unavailable::class, DeadlineExceeded::class, Unauthenticated::class, PermissionDenied::class, TlsFailed::class, Unimplemented::class] as $class) {
            if ($error instanceof $class) {
                return false;
            }
        }
        return true;
    }

    /** Whether the same content will never be taken, however often it is sent. */
    public static function isForGood(CognateException $error): bool
    {
        return $error->reason === 'UPLOAD_TOO_LARGE';
    }

    /**
     * Which of these the hub has.
     *
     * @param list<string> $sha256s
     * @return array<string, bool>
     * @throws CognateException
     */
    public function has(array $sha256s): array
    {
        $has = [];
        foreach (array_chunk(array_values(array_unique($sha256s)), self::BATCH) as $some) {
            $request = new CheckRequest(['platform' => $this->platform, 'sha256s' => array_map('hex2bin', $some)]);
            $answer = iterator_to_array($this->files->check($request, new CallOptions(idempotent: true))->getHas(), false);
            foreach ($some as $place => $sha256) {
                $has[$sha256] = (bool) ($answer[$place] ?? false);
            }
        }
        return $has;
    }

    /**
     * Sends small contents, together at most `SMALL_BYTES`.
     *
     * @param array<string, string> $contents by hash
     * @return array<string, string> why some were refused, by hash
     * @throws CognateException
     */
    public function putSmall(array $contents): array
    {
        $refused = [];
        foreach (array_chunk($contents, self::BATCH, true) as $some) {
            $files = [];
            foreach ($some as $sha256 => $bytes) {
                $files[] = new SmallFile(['sha256' => (string) hex2bin((string) $sha256), 'data' => $bytes]);
            }
            $request = new BatchWriteRequest(['platform' => $this->platform, 'files' => $files]);
            $errors = iterator_to_array($this->files->batchWrite($request, new CallOptions(idempotent: true))->getErrors(), false);
            foreach (array_keys($some) as $place => $sha256) {
                $reason = isset($errors[$place]) ? $errors[$place]->getReason() : 'NO_ANSWER';
                if ($reason !== '') {
                    $refused[(string) $sha256] = $reason;
                }
            }
        }
        return $refused;
    }

    /**
     * Fetches small contents. What comes is not compared with its hash; what the hub does not have is left out.
     *
     * @param list<string> $sha256s together at most `SMALL_BYTES`
     * @return array<string, string> by hash
     * @throws CognateException
     */
    public function getSmall(array $sha256s): array
    {
        $contents = [];
        while ($sha256s !== []) {
            $request = new BatchReadRequest(['platform' => $this->platform, 'sha256s' => array_map('hex2bin', array_slice($sha256s, 0, self::BATCH))]);
            $answer = $this->files->batchRead($request, new CallOptions(idempotent: true));
            foreach ($answer->getFiles() as $file) {
                $contents[bin2hex($file->getSha256())] = $file->getData();
            }
            $sha256s = array_slice($sha256s, max(1, $answer->getAnsweredCount()));
        }
        return $contents;
    }

    /**
     * Fetches a content from `$offset` on, piece by piece; leaving the loop ends the call. What comes is not compared with its hash.
     *
     * @return iterable<string>
     * @throws CognateException
     */
    public function read(string $sha256, int $offset = 0): iterable
    {
        $request = new ReadRequest(['sha256' => (string) hex2bin($sha256), 'offset' => $offset, 'platform' => $this->platform]);
        foreach ($this->files->read($request, new CallOptions(silence: 30.0)) as $answer) {
            yield $answer->getData();
        }
    }
}
