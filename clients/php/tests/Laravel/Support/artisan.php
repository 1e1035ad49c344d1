<?php

declare(strict_types=1);

// An application's console in a process of its own: php artisan.php SETTINGS.json cognate:work …
// With PEAK=file it says how much memory it took. With KILL="Report 1 before" it dies right before its first report; see KillingTransport. With WORKER=name it works beside others.
require __DIR__ . '/autoload.php';

use Cognate\Client\Cognate;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Options;
use Cognate\Laravel\Settings;
use Cognate\Laravel\WorkerLock;
use Cognate\Tests\Laravel\Support\App;
use Cognate\Tests\Laravel\Support\KillingTransport;

/** @var list<string> $argv */
$settings = json_decode((string) file_get_contents($argv[1]), true, 64, JSON_THROW_ON_ERROR);
$app = new App($settings['connections'], $settings['cognate'], dirname($argv[1]), $settings['locale'] ?? 'en', $settings['config'] ?? []);
if (($kill = getenv('KILL')) !== false) {
    [$method, $calls, $when] = explode(' ', $kill);
    $inner = Cognate::connect($settings['cognate']['hub'])->transport();
    $app->instance(Hub::class, new Hub($app->make(Options::class), Cognate::over(new KillingTransport($inner, (int) $calls, $when === 'before', [$method]))));
}
if (($name = getenv('WORKER')) !== false) {
    $app->bind(WorkerLock::class, static fn (): WorkerLock => new WorkerLock($app->make(Settings::class), $name));
}
array_splice($argv, 1, 1);
$code = $app->console()->run(new Symfony\Component\Console\Input\ArgvInput($argv));
if (($file = getenv('PEAK')) !== false) {
    file_put_contents($file, (string) memory_get_peak_usage(true));
}
exit($code);
