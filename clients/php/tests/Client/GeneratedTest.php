<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\Cognate;
use Cognate\Client\Generated\DeliveryServiceClient;
use Cognate\Tests\Client\Support\FakeTransport;
use Cognate\Tests\Client\Support\TempDir;
use Cognate\V1\PullRequest;
use Cognate\V1\PullResponse;
use PHPUnit\Framework\TestCase;

final class GeneratedTest extends TestCase
{
    /** @return array<string, string> by path inside of the directory */
    private static function filesOf(string $directory): array
    {
        $files = [];
        /** @var \SplFileInfo $file */
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($directory, \FilesystemIterator::SKIP_DOTS)) as $file) {
            $files[substr($file->getPathname(), strlen($directory) + 1)] = (string) file_get_contents($file->getPathname());
        }
        ksort($files);
        return $files;
    }

    public function testWhatIsGeneratedFitsTheProtos(): void
    {
        $tool = dirname(__DIR__, 2) . '/tools/generate';
        if (!is_dir(dirname(__DIR__, 4) . '/proto') || shell_exec('command -v protoc') === null) {
            self::markTestSkipped('[  SKIPPED ] the protos or protoc are not here');
        }
        $made = (new TempDir())->file('made');
        exec(escapeshellarg($tool) . ' ' . escapeshellarg($made) . ' 2>&1', $said, $status);
        self::assertSame(0, $status, implode("\n", $said));
        $want = self::filesOf($made);
        $got = self::filesOf(dirname(__DIR__, 2) . '/generated');
        $different = array_keys(array_diff_assoc($want, $got) + array_diff_assoc($got, $want));
        self::assertSame([], $different, 'the protos have changed: run clients/php/tools/generate, and commit what it makes');
    }

    public function testNoFileNamesAMachine(): void
    {
        foreach (self::filesOf(dirname(__DIR__, 2) . '/generated') as $name => $text) {
            self::assertDoesNotMatchRegularExpression('#/(home|work|tmp|root|usr|var)/#', $text, $name);
        }
    }

    public function testEachServiceHasATypedClient(): void
    {
        $fake = new FakeTransport([new PullResponse(['lease' => 'l'])]);
        $cognate = Cognate::over($fake);
        self::assertInstanceOf(DeliveryServiceClient::class, $cognate->delivery());
        self::assertSame('l', $cognate->delivery()->pull(new PullRequest(), new CallOptions(timeout: 1.0))->getLease());
        [$method, , $options] = $fake->calls[0];
        self::assertSame(['/cognate.v1.DeliveryService/Pull', true], [$method, $options->idempotent]);
        self::assertSame(0, preg_match_all('/orIdempotent\(true\)/', self::method('KeyService', 'enrolPlatform')));
        self::assertSame(1, preg_match_all('/orIdempotent\(true\)/', self::method('KeyService', 'whoAmI')));
    }

    private static function method(string $service, string $name): string
    {
        $method = new \ReflectionMethod("Cognate\\Client\\Generated\\{$service}Client", $name);
        $lines = (array) file((string) $method->getFileName());
        return implode('', array_slice($lines, (int) $method->getStartLine() - 1, (int) $method->getEndLine() - (int) $method->getStartLine() + 1));
    }
}
