<?php

declare(strict_types=1);

namespace Cognate\Client\Files;

use Cognate\Client\Credential;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Transport\ConnectError;
use Cognate\Client\Transport\Http;
use Cognate\Client\Transport\HttpAnswer;

/** Uploads by tus 1.0 at the gateway, for hosts that speak HTTP/1.1 alone. */
final class TusUploads implements Uploads
{
    private const PATH = '/files/tus';
    private const PREFIX = 'tus:';
    private const NAME = '~^(?:https?://[^/]+)?/files/tus/([A-Za-z0-9._-]{1,64})$~D';

    public function __construct(
        private readonly Http $http,
        private readonly Credential $credential,
        private readonly string $platform,
        private readonly float $timeout,
    ) {
    }

    public function begin(string $sha256, int $size): string
    {
        $answer = $this->send('POST', self::PATH, ['upload-length' => (string) $size, 'upload-metadata' => 'sha256 ' . base64_encode($sha256)], '', [201]);
        if (preg_match(self::NAME, $answer->headers['location'] ?? '', $found) !== 1) {
            throw CognateException::of(StatusCode::INTERNAL, self::PATH . ': the answer does not say where the upload is', 'BAD_ANSWER');
        }
        return self::PREFIX . $found[1];
    }

    public function offset(string $upload, int $size): ?int
    {
        if (!str_starts_with($upload, self::PREFIX)) {
            return null;
        }
        $answer = $this->send('HEAD', $this->pathOf($upload), [], null, [200, 404, 410]);
        return $answer->status === 200 ? self::offsetOf($answer) : null;
    }

    public function append(string $upload, string $sha256, int $size, int $offset, string $piece): int
    {
        $headers = ['content-type' => 'application/offset+octet-stream', 'upload-offset' => (string) $offset];
        return self::offsetOf($this->send('PATCH', $this->pathOf($upload), $headers, $piece, [204]));
    }

    private function pathOf(string $upload): string
    {
        return self::PATH . '/' . rawurlencode(substr($upload, strlen(self::PREFIX)));
    }

    private static function offsetOf(HttpAnswer $answer): int
    {
        $offset = $answer->headers['upload-offset'] ?? '';
        if (preg_match('/^\d{1,18}$/D', $offset) !== 1) {
            throw CognateException::of(StatusCode::INTERNAL, self::PATH . ': the answer does not say how far the upload is', 'BAD_ANSWER');
        }
        return (int) $offset;
    }

    /**
     * @param array<string, string> $headers
     * @param list<int> $wanted
     */
    private function send(string $verb, string $path, array $headers, ?string $body, array $wanted): HttpAnswer
    {
        $requestId = bin2hex(random_bytes(16));
        $headers += ['tus-resumable' => '1.0.0', 'cognate-platform' => $this->platform, 'x-request-id' => $requestId];
        $authorization = $this->credential->authorization();
        if ($authorization !== null) {
            $headers['authorization'] = $authorization;
        }
        $answer = $this->http->request($verb, $path, $headers, $body, max($this->timeout, 120.0), $requestId);
        if (in_array($answer->status, $wanted, true)) {
            return $answer;
        }
        if ($answer->status === 422) {
            throw CognateException::of(StatusCode::DATA_LOSS, 'what came is not what its hash says; begin again', 'FILE_DAMAGED', requestId: $requestId);
        }
        throw ConnectError::ofBody($answer->status, $answer->body, $requestId, $answer->retryAfter());
    }
}
