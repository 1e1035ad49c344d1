<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Tests\Laravel\Models\Foreign;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\Pair;
use PHPUnit\Framework\TestCase;

/**
 * How many records a second are saved on one side and written on the other, beside one signed request a record to another Laravel
 * application: with a compiled configuration and opcache, and without the network and the other packages that a real one has.
 */
final class ThroughputTest extends TestCase
{
    public function testManyRecordsTravelTogether(): void
    {
        $pair = new Pair();
        $records = (int) (getenv('COGNATE_PHP_RECORDS') ?: 1000);
        $workers = [$pair->shop->start('cognate:work', '--max-seconds=600', '--idle=0.05'), $pair->blog->start('cognate:work', '--max-seconds=600', '--idle=0.5')];
        $pair->shop->in(static fn () => User::create(['name' => 'first', 'email' => 'first@example.org']));
        $count = static fn (): int => $pair->blog->database()->table('users')->count();
        Eventually::is(static fn (): bool => $count() === 1, 'the first has arrived');
        $start = hrtime(true);
        $pair->shop->in(static function () use ($records): void {
            foreach (array_chunk(range(1, $records), 100) as $some) {
                User::query()->getConnection()->transaction(static function () use ($some): void {
                    foreach ($some as $i) {
                        User::create(['name' => "name $i", 'email' => "$i@example.org", 'settings' => ['theme' => 'dark', 'number' => $i]]);
                    }
                });
            }
        });
        $saved = (hrtime(true) - $start) / 1e9;
        Eventually::is(static fn (): bool => $count() === $records + 1, 'all have arrived');
        $seconds = (hrtime(true) - $start) / 1e9;
        foreach ($workers as $worker) {
            proc_terminate($worker);
            proc_close($worker);
        }
        $pair->blog->database()->table('users')->delete();
        $asked = min(300, $records);
        $webhook = $this->webhook($pair, $asked);
        printf(
            "\nfigure php.throughput records=%d records_per_second=%.0f save_records_per_second=%.0f webhook_records_per_second=%.0f ratio_to_webhook=%.1f\n",
            $records,
            $records / $seconds,
            $records / $saved,
            $asked / $webhook,
            ($records / $seconds) / ($asked / $webhook),
        );
        self::assertSame($asked, $pair->blog->database()->table('users')->count());
        $pair->hub->remove();
    }

    /** @return float seconds for saving and posting so many records, one request each */
    private function webhook(Pair $pair, int $records): float
    {
        $secret = bin2hex(random_bytes(16));
        $log = "{$pair->hub->directory}/webhook.log";
        $environment = ['DATABASE' => json_encode($pair->hub->database('blog')), 'SECRET' => $secret, 'APPLICATION_HOME' => "{$pair->hub->directory}/target"] + getenv();
        $schema = $pair->blog->database()->getSchemaBuilder();
        $schema->create('platforms', static function ($table): void {
            $table->id();
            $table->string('domain')->unique();
        });
        mkdir("{$pair->hub->directory}/target");
        $output = ['file', $log, 'w'];
        $server = proc_open([PHP_BINARY, '-d', 'opcache.enable_cli=1', '-S', '127.0.0.1:0', __DIR__ . '/Support/webhook.php'], [['file', '/dev/null', 'r'], $output, $output], $pipes, null, $environment);
        self::assertIsResource($server);
        Eventually::is(static fn (): bool => preg_match('/127\.0\.0\.1:[1-9]\d*\) started/', (string) file_get_contents($log)) === 1, 'the receiver listens');
        preg_match('/127\.0\.0\.1:([1-9]\d*)\) started/', (string) file_get_contents($log), $found);
        $url = "http://127.0.0.1:$found[1]/sync-webhook";
        try {
            $start = hrtime(true);
            for ($i = 1; $i <= $records; $i++) {
                $user = new Foreign(['name' => "name $i", 'email' => "w$i@example.org", 'active' => true, 'settings' => '{"theme":"dark"}']);
                $pair->shop->in(static fn () => $user->setConnection('default')->save());
                $body = json_encode(['event_type' => 'created', 'model' => $user->getAttributes(), 'model_class' => User::class, 'platform' => ['domain' => 'shop.example'], 'should_delete' => false]);
                $curl = curl_init($url);
                curl_setopt_array($curl, [
                    CURLOPT_POSTFIELDS => $body,
                    CURLOPT_RETURNTRANSFER => true,
                    CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'X-Webhook-Signature: ' . hash_hmac('sha256', (string) $body, $secret)],
                ]);
                curl_exec($curl);
                self::assertSame(200, curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) file_get_contents($log));
            }
            return (hrtime(true) - $start) / 1e9;
        } finally {
            proc_terminate($server);
            proc_close($server);
        }
    }
}
