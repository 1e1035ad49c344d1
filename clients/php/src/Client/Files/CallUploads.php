<?php

declare(strict_types=1);

namespace Cognate\Client\Files;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Transport;
use Cognate\V1\QueryWriteStatusRequest;
use Cognate\V1\QueryWriteStatusResponse;
use Cognate\V1\WriteRequest;
use Cognate\V1\WriteResponse;

/** Uploads by `FileTransferService.Write`: each piece is a call of one message, which is a stream that ends behind its first one. */
final class CallUploads implements Uploads
{
    private const SERVICE = '/cognate.v1.FileTransferService/';
    private const PREFIX = 'call:';

    public function __construct(private readonly Transport $transport, private readonly string $platform)
    {
    }

    public function begin(string $sha256, int $size): string
    {
        return self::PREFIX . bin2hex(random_bytes(16));
    }

    public function offset(string $upload, int $size): ?int
    {
        if (!str_starts_with($upload, self::PREFIX)) {
            return null;
        }
        $request = new QueryWriteStatusRequest(['upload' => substr($upload, strlen(self::PREFIX)), 'platform' => $this->platform]);
        try {
            $status = $this->transport->unary(self::SERVICE . 'QueryWriteStatus', $request, QueryWriteStatusResponse::class, new CallOptions(idempotent: true));
        } catch (NotFound) {
            // It was never begun, or has expired: the first piece makes it.
            return 0;
        }
        return $status->hasFile() ? $size : (int) $status->getCommittedBytes();
    }

    public function append(string $upload, string $sha256, int $size, int $offset, string $piece): int
    {
        $request = new WriteRequest([
            'upload' => substr($upload, strlen(self::PREFIX)),
            'platform' => $this->platform,
            'write_offset' => $offset,
            'data' => $piece,
            'finish_write' => $offset + strlen($piece) === $size,
            'sha256' => (string) hex2bin($sha256),
            'size_bytes' => $size,
        ]);
        // Not sent again by itself: after a doubt `offset` says where to go on.
        $answer = $this->transport->unary(self::SERVICE . 'Write', $request, WriteResponse::class, new CallOptions(timeout: 120.0, idempotent: false));
        return $answer->hasFile() ? $size : (int) $answer->getCommittedBytes();
    }
}
