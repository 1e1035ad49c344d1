<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Exception\CognateException as AnyError;
use Cognate\Tests\Client\Support\Hub;
use Cognate\Tests\Client\Support\Wait;
use Cognate\V1\FieldType;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\PutModelsRequest;
use PHPUnit\Framework\TestCase;

final class ReadmeTest extends TestCase
{
    private static function readme(): string
    {
        return (string) file_get_contents(dirname(__DIR__, 2) . '/README.md');
    }

    public function testItsFirstExampleDoesWhatItSays(): void
    {
        if (!Hub::isBuilt()) {
            self::markTestSkipped('[  SKIPPED ] ' . Hub::binary() . ' is not built');
        }
        self::assertSame(1, preg_match('/<!-- tried -->\n```php\n(.*?)```/s', self::readme(), $match));
        $hub = Hub::plain();
        $hub->cli('platform', 'create', 'till', '--agent', '--pull');
        $hub->cli('platform', 'create', 'shop', '--agent');
        foreach (['till', 'shop'] as $platform) {
            $hub->insider()->platformRegistry()->putModels(new PutModelsRequest(['platform' => "platforms/$platform", 'models' => [
                new Model(['model' => 'sale', 'key_fields' => ['id'], 'fields' => [
                    new ModelField(['name' => 'id', 'type' => FieldType::FIELD_TYPE_TEXT]),
                    new ModelField(['name' => 'total', 'type' => FieldType::FIELD_TYPE_DECIMAL, 'precision' => 12, 'scale' => 2]),
                ]]),
            ]]));
        }
        $hub->cli('sync', 'create', 'sales', '--from', 'shop:sale', '--to', 'till:sale', '--all-fields', '--map', 'id=id');
        $address = $hub->url;
        $keyFile = $hub->file('till.key');
        file_put_contents($keyFile, $hub->enrol('till'));
        $run = static function () use ($match, $address, $keyFile): string {
            ob_start();
            try {
                eval($match[1]);
            } finally {
                $said = (string) ob_get_clean();
            }
            return $said;
        };
        // A new lane is opened within a moment: until then there is nothing to pull from.
        $said = Wait::until(static function () use ($run): string {
            try {
                return $run();
            } catch (AnyError $error) {
                self::assertSame('LANE_NOT_READY', $error->reason);
                return '';
            }
        });
        self::assertMatchesRegularExpression('/^committed as version [0-9]+\n$/', $said);
    }

    public function testItsFileIsSentAndCaptured(): void
    {
        self::assertSame(1, preg_match('/<!-- tried: files -->\n```php\n(.*?)```/s', self::readme(), $match));
        $hub = Hub::plain();
        $platform = $hub->platform('receipts');
        $hub->insider()->platformRegistry()->putModels(new PutModelsRequest(['platform' => "platforms/$platform", 'models' => [
            new Model(['model' => 'sale', 'key_fields' => ['id'], 'fields' => [
                new ModelField(['name' => 'id', 'type' => FieldType::FIELD_TYPE_TEXT]),
                new ModelField(['name' => 'receipt', 'type' => FieldType::FIELD_TYPE_TEXT, 'nullable' => true]),
            ]]),
        ]]));
        $cognate = \Cognate\Client\Cognate::connect(['address' => $hub->url, 'key' => $hub->enrol($platform)]);
        $path = $hub->file('receipt.pdf');
        file_put_contents($path, random_bytes(4_000_000));
        ob_start();
        try {
            eval('use Cognate\Client\ChangeBatch;' . str_replace("'till'", "'$platform'", $match[1]));
        } finally {
            $said = (string) ob_get_clean();
        }
        self::assertSame("a receipt of 4000000 bytes\n", $said);
        $hash = (string) hash_file('sha256', $path);
        self::assertSame([$hash => true], $hub->insider()->contents($platform)->has([$hash]));
    }

    public function testItNamesEachReasonThatTheClientGives(): void
    {
        $sources = '';
        foreach (glob(dirname(__DIR__, 2) . '/src/Client/{,Transport/}*.php', GLOB_BRACE) ?: [] as $file) {
            $sources .= (string) file_get_contents($file);
        }
        preg_match_all("/'([A-Z]+_[A-Z_]+)'/", $sources, $reasons);
        self::assertGreaterThan(10, count(array_unique($reasons[1])));
        foreach (array_diff(array_unique($reasons[1]), ['MALFORMED_DELIVERY']) as $reason) {
            self::assertStringContainsString("`$reason`", self::readme());
        }
    }

    public function testItNamesEachExceptionAndEachOption(): void
    {
        foreach (glob(dirname(__DIR__, 2) . '/src/Client/Exception/*.php') ?: [] as $file) {
            $name = basename($file, '.php');
            if (!in_array($name, ['StatusCode', 'FieldViolation'], true)) {
                self::assertStringContainsString("`$name`", self::readme());
            }
        }
        $known = (new \ReflectionClass(\Cognate\Client\ClientConfig::class))->getConstant('KNOWN');
        foreach (array_diff((array) $known, ['user_agent']) as $option) {
            self::assertStringContainsString("`$option`", self::readme());
        }
    }
}
