<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\StatusCode;

/** HTTP/1.1 over ext-curl; the connection is kept. */
final class CurlHttp implements Http
{
    private const LOOK = 0.25;

    private readonly CurlHandles $handles;
    private ?\CurlHandle $handle = null;
    private int $process = 0;
    /** @var list<\CurlHandle> connections of the process that this one was forked from */
    private array $foreign = [];

    public function __construct(private readonly ClientConfig $config)
    {
        $this->handles = new CurlHandles($config);
    }

    public function name(): string
    {
        return 'ext-curl';
    }

    public function post(string $path, array $headers, string $body, float $timeout, string $requestId): HttpAnswer
    {
        return $this->request('POST', $path, $headers, $body, $timeout, $requestId);
    }

    public function request(string $verb, string $path, array $headers, ?string $body, float $timeout, string $requestId): HttpAnswer
    {
        $handle = $this->ownHandle();
        $answer = new HttpCollector($this->config->maxMessageBytes);
        $this->prepare($handle, $path, $headers, $body, $timeout, $answer);
        if ($verb !== 'POST') {
            curl_setopt_array($handle, $verb === 'HEAD' ? [CURLOPT_NOBODY => true] : [CURLOPT_CUSTOMREQUEST => $verb]);
        }
        curl_exec($handle);
        $errno = curl_errno($handle);
        $broken = $this->handles->failure($handle, $errno, $timeout, $requestId);
        $verb === 'POST' ? self::detach($handle) : $this->handles->reset($handle, false);
        if ($errno !== 0) {
            $this->handle = null;
        }
        if ($answer->isTooLarge()) {
            throw self::tooLarge($this->config->maxMessageBytes, $requestId);
        }
        if ($broken !== null) {
            throw $broken;
        }
        return $answer->answer();
    }

    public function open(string $path, array $headers, ?string $body, ?float $timeout, string $requestId): \Generator
    {
        $handle = $this->handles->make(false);
        $answer = new HttpCollector($this->config->maxMessageBytes);
        $this->prepare($handle, $path, $headers, $body, $timeout, $answer);
        $multi = curl_multi_init();
        curl_multi_add_handle($multi, $handle);
        try {
            do {
                curl_multi_exec($multi, $running);
                if ($answer->status() === 200) {
                    yield $answer->takeBody();
                }
                if ($running > 0 && curl_multi_select($multi, self::LOOK) === -1) {
                    usleep(5000);
                }
            } while ($running > 0);
            $errno = 0;
            while (($message = curl_multi_info_read($multi)) !== false) {
                $errno = (int) $message['result'];
            }
            if ($answer->isTooLarge()) {
                throw self::tooLarge($this->config->maxMessageBytes, $requestId);
            }
            $broken = $this->handles->failure($handle, $errno, $timeout, $requestId);
            if ($broken !== null) {
                throw $broken;
            }
            return $answer->status() === 200 ? null : $answer->answer();
        } finally {
            curl_multi_remove_handle($multi, $handle);
            self::detach($handle);
            curl_multi_close($multi);
        }
    }

    public static function tooLarge(int $limit, string $requestId): CognateException
    {
        return CognateException::of(
            StatusCode::RESOURCE_EXHAUSTED,
            "The answer has more than $limit bytes; ask for less at a time, or raise max_message_bytes",
            'ANSWER_TOO_LARGE',
            requestId: $requestId
        );
    }

    /** @param array<string, string> $headers */
    private function prepare(
        \CurlHandle $handle,
        string $path,
        array $headers,
        ?string $body,
        ?float $timeout,
        HttpCollector $answer,
    ): void {
        curl_setopt_array($handle, [
            CURLOPT_URL => $this->config->endpoint->url . $path,
            CURLOPT_HTTPHEADER => ['expect:', ...CurlHandles::lines($headers)],
            CURLOPT_TIMEOUT_MS => $timeout === null ? 0 : max(1, (int) ceil($timeout * 1000)),
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => $answer->header($line) ? strlen($line) : 0,
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => $answer->body($bytes) ? strlen($bytes) : 0,
        ] + ($body === null ? [CURLOPT_HTTPGET => true] : [CURLOPT_POST => true, CURLOPT_POSTFIELDS => $body]));
    }

    private static function detach(\CurlHandle $handle): void
    {
        curl_setopt_array($handle, [
            CURLOPT_POSTFIELDS => '',
            CURLOPT_HTTPHEADER => [],
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => strlen($line),
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => strlen($bytes),
        ]);
    }

    private function ownHandle(): \CurlHandle
    {
        $process = (int) getmypid();
        if ($this->handle !== null && $this->process !== $process) {
            // Two processes on one connection garble each other; closing it here would end it there.
            $this->foreign[] = $this->handle;
            $this->handle = null;
        }
        $this->process = $process;
        return $this->handle ??= $this->handles->make(false);
    }
}
