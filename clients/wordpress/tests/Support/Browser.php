<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

use Cognate\Tests\Laravel\Support\Eventually;

/** Somebody who looks at a site, and may be logged in there. */
final class Browser
{
    private readonly \CurlHandle $curl;

    private function __construct(public readonly string $url)
    {
        $this->curl = curl_init();
        curl_setopt_array($this->curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_COOKIEFILE => '', CURLOPT_FOLLOWLOCATION => true, CURLOPT_TIMEOUT => 120]);
    }

    public static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');
        $name = $socket === false ? throw new \RuntimeException('no port is free') : (string) stream_socket_get_name($socket, false);
        return (int) substr($name, (int) strrpos($name, ':') + 1);
    }

    /** The site behind PHP's own web server, which ends with the test. */
    public static function of(Site $site, WordPress $wordPress, int $port): self
    {
        $log = ['file', "$site->file.web.log", 'a'];
        $words = [...$wordPress->php, '-S', "127.0.0.1:$port", '-t', $wordPress->code];
        $server = proc_open($words, [['file', '/dev/null', 'r'], $log, $log], $pipes, $wordPress->code, ['WORDPRESS_SITE' => $site->file] + getenv());
        register_shutdown_function(static function () use ($server): void {
            is_resource($server) && proc_terminate($server);
            is_resource($server) && proc_close($server);
        });
        $browser = new self("http://127.0.0.1:$port");
        Eventually::is(static function () use ($browser): bool {
            $browser->get('/wp-login.php');
            return $browser->status() === 200;
        }, 'the site answers', static fn (): string => (string) file_get_contents("$site->file.web.log"));
        return $browser;
    }

    /** Somebody else on the same site. */
    public function another(): self
    {
        return new self($this->url);
    }

    public function logIn(string $name, string $password): void
    {
        // Whoever posts the form has seen it: a cookie says so.
        $this->get('/wp-login.php');
        $said = $this->post('/wp-login.php', ['log' => $name, 'pwd' => $password, 'wp-submit' => 'Log In', 'testcookie' => '1', 'redirect_to' => "$this->url/wp-admin/profile.php"]);
        if (!str_contains($said, 'profile-page')) {
            throw new \RuntimeException('cannot log in: ' . strip_tags($said));
        }
    }

    public function get(string $path): string
    {
        curl_setopt_array($this->curl, [CURLOPT_URL => $this->url . $path, CURLOPT_HTTPGET => true, CURLOPT_HTTPHEADER => []]);
        return (string) curl_exec($this->curl);
    }

    /** @param array<string, mixed> $fields @param list<string> $headers */
    public function post(string $path, array $fields, array $headers = []): string
    {
        curl_setopt_array($this->curl, [CURLOPT_URL => $this->url . $path, CURLOPT_POST => true, CURLOPT_POSTFIELDS => http_build_query($fields), CURLOPT_HTTPHEADER => $headers]);
        return (string) curl_exec($this->curl);
    }

    public function status(): int
    {
        return (int) curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
    }

    /** Fills in a form of a page, as it is, but for these fields, and sends it. @param array<string, mixed> $fields */
    public function send(string $page, string $action, array $fields): string
    {
        $document = new \DOMDocument();
        @$document->loadHTML($this->get($page));
        $find = new \DOMXPath($document);
        $form = $find->query("//form[.//input[@name='action' and @value='$action']]")[0] ?? throw new \RuntimeException("no form $action on $page (HTTP {$this->status()})");
        $parts = [];
        foreach ($find->query('.//input | .//textarea | .//select', $form) ?: [] as $input) {
            $name = $input->getAttribute('name');
            $isBox = in_array($input->getAttribute('type'), ['checkbox', 'submit'], true);
            if ($name === '' || ($isBox && !$input->hasAttribute('checked'))) {
                continue;
            }
            $chosen = $input->nodeName === 'select' ? $find->query('.//option[@selected]', $input)[0] ?? $find->query('.//option', $input)[0] : null;
            $value = match ($input->nodeName) {
                'textarea' => $input->textContent,
                'select' => $chosen?->getAttribute('value') ?? '',
                default => $input->getAttribute('value'),
            };
            $parts[] = urlencode($name) . '=' . urlencode($value);
        }
        parse_str(implode('&', $parts), $known);
        return $this->post('/wp-admin/admin-post.php', array_merge($known, $fields));
    }
}
